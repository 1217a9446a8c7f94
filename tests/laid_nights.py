"""Homes with months of publications, of a few rows each: nothing ran that night, and to a reader it is the same."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

from creditline.home import Home, create_home
from creditline.home.control import begin_control
from creditline.home.files import canonical_json, clear_directory, flip_pointer, move_tree_into_place, sha256_of
from creditline.home.keys import sign_file
from creditline.home.publications import MANIFEST, RUN, revision_name
from creditline.publish.history import DIFFERENCE_COLUMNS, merge_closed_months, published_nights
from creditline.publish.marts import write_marts_database
from creditline.simulate import sample_home_settings

TABLES = ("dim_policy", "fct_night", "rpt_r00_edit_check")
FIRST, LAST_OF_MONTH, NEWEST = date(2026, 8, 27), date(2026, 9, 30), date(2026, 10, 2)


def publish_rows(home: Home, night: date, revision: int = 0, *, columns: str = "", is_open: bool = True) -> Path:
    """One publication in its place: a dimension, a mart, a report, and what the run and a restatement state.

    Args:
        columns: further columns of the mart, as SQL.
        is_open: with its `marts.duckdb`, and shown.
    """
    begin_control(home)
    place = f"{night}/{revision_name(revision)}"
    staged_home = clear_directory(home.warehouse / "publication")
    staged = staged_home / "published" / place
    (staged / "marts").mkdir(parents=True)
    rows = {
        "marts/dim_policy": f"select '{night}' as policy_version",
        "marts/fct_night": f"select date '{night}' as business_date, {10 * night.day + revision} as account_count{columns}",
        "marts/rpt_r00_edit_check": f"select date '{night}' as as_of_date, 'check' as check_id",
    }
    if revision:
        cells = ", ".join(f"null::{kind} as {name}" for name, kind in DIFFERENCE_COLUMNS.items())
        rows["restatement_diff"] = f"select * replace (date '{night}' as business_date) from (select {cells})"
    for file, query in rows.items():
        duckdb.sql(query).write_parquet(f"{staged / file}.parquet")
    facts = {
        "business_date": str(night),
        "revision": revision,
        "host": "here",
        "run_id": "1",
        "seconds": {"build": 1.5},
    }
    (staged / "seconds.json").write_bytes(canonical_json(facts))
    if is_open:
        write_marts_database(
            staged / "marts.duckdb", home, TABLES, published_nights(home, {night: revision}), staged_home
        )
    run_facts = ["seconds.json", *(["marts.duckdb"] if is_open else [])]
    for name, files in ((MANIFEST, [f"{file}.parquet" for file in rows]), (RUN, run_facts)):
        (staged / name).write_bytes(canonical_json({"files": {file: sha256_of(staged / file) for file in files}}))
        sign_file(home, staged / name)
    move_tree_into_place(staged, home.published / place)
    if is_open:
        flip_pointer(home.current, place)
    return home.published / place


def lay_home(root: Path, newest: date = NEWEST) -> Home:
    """A home of the nights from FIRST on: a short month, a whole one, and two nights of the running month."""
    home = create_home(root, sample_home_settings())
    night = FIRST
    while night <= newest:
        merge_closed_months(home, night)
        publish_rows(home, night, is_open=night in (LAST_OF_MONTH, newest))
        night += timedelta(days=1)
    return home
