"""A past night is replayed from what it kept: equal whatever happened since, and every changed byte is named."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml
from homes import tree_of
from resigned import resign
from sample_book import FIRST_NIGHT
from small_delivery import change_entry, change_manifest

from creditline.cli.replay import COLUMNS, replay_nights
from creditline.errors import CreditlineError
from creditline.home import SETTINGS_FILE, Home
from creditline.home.proof import NotGenuine
from creditline.home.publications import MANIFEST, publication_directory, read_manifest
from creditline.landing.contract import contract
from creditline.night import build, run_night
from creditline.replay import ReplayRefused, replay_night
from creditline.simulate import continue_book
from creditline.store.inputs import inputs_file
from creditline.store.record import delivery_records
from creditline.warehouse.logic import LogicRefused, archive_logic, read_logic
from creditline.warehouse.state import state_file

SECOND_NIGHT = FIRST_NIGHT + timedelta(days=1)


def flip_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def rewrite(path: Path, query: str) -> None:
    """Replace a Parquet file by a query over its rows, `{rows}`."""
    changed = path.with_suffix(".changed")
    duckdb.execute(
        f"copy ({query.format(rows=f'read_parquet({str(path)!r}, hive_partitioning = false)')}) to '{changed}' (format parquet)"
    )
    changed.replace(path)


def change_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


# --- equal ------------------------------------------------------------------------------------------------------------


def test_every_night_of_the_sample_book_is_equal_and_its_home_stays_as_it_is(sample_book):
    home = sample_book.home
    before = tree_of(home.root)
    told: list[str] = []
    rows, problems = replay_nights(home.root, None, told.append)
    assert problems == []
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    assert [row["night"] for row in found] == home.published_dates()
    assert [(row["decisions"], row["differing"], row["problems"]) for row in found] == [(400, 0, [])] * 3
    assert {row["logic hash"] for row in found} == {read_manifest(home, FIRST_NIGHT)["logic_hash"]}
    assert {row["engine now"] for row in found} == {f"duckdb {duckdb.__version__}"}
    assert told == [f"[{number}/3] {day} replay" for number, day in enumerate(home.published_dates(), start=1)]
    assert tree_of(home.root) == before


def test_a_replay_needs_neither_dbt_nor_great_expectations_nor_the_project(sample_book):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "for name in ('dbt', 'great_expectations', 'airflow'): sys.modules[name] = None\n"
        "from creditline import project\n"
        "from creditline.warehouse import properties\n"
        "project.PROJECT_DIR = properties.PROJECT_DIR = Path('/nowhere')\n"
        "from creditline.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--home", str(sample_book.home.root), "replay", "--date", str(SECOND_NIGHT),
         "--format", "json"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["night"], row["decisions"], row["differing"]) == (str(SECOND_NIGHT), 400, 0)


def test_corrections_and_later_nights_do_not_disturb(home):
    (tonight,) = continue_book(home, nights=1).dates
    late = home.landing / str(tonight)
    header, first, *_ = (home.landing / str(SECOND_NIGHT) / "account_snapshot.csv").read_text().splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True)) | {"days_past_due": "77"}
    (late / "correction.csv").write_text(f"{header}\n{','.join(row.values())}\n")
    change_manifest(late, lambda manifest: manifest["sources"].append(_correction_of(manifest)))
    totals = {name: row[name] for name in contract()["account_snapshot"].totals}
    sha256 = hashlib.sha256((late / "correction.csv").read_bytes()).hexdigest()
    change_entry(late, "correction.csv", rows=1, totals=totals, sha256=sha256)
    run_night(home, tonight)
    corrected = [entry for entry in delivery_records(home)[-1].sources if entry.corrects_business_date]
    assert [(entry.corrects_business_date, entry.accepted_rows) for entry in corrected] == [(SECOND_NIGHT, 1)]
    for day in (SECOND_NIGHT, tonight):
        assert replay_night(home, day).differences == ()


def _correction_of(manifest: dict) -> dict:
    snapshot = next(entry for entry in manifest["sources"] if entry["source"] == "account_snapshot")
    return snapshot | {"file": "correction.csv", "corrects_business_date": str(SECOND_NIGHT)}


def test_settings_changed_afterwards_do_not_disturb(home):
    path = home.root / SETTINGS_FILE
    settings = yaml.safe_load(path.read_text())
    changed = {"name": "renamed", "cut_off": "05:00:00", "expected_sources": ["account_snapshot", "id_change"]}
    path.write_text(yaml.safe_dump(settings | changed))
    assert replay_night(Home(home.root), SECOND_NIGHT).differences == ()


def test_a_published_night_that_is_built_again_keeps_its_state_and_inputs(home):
    before = tree_of(home.state)
    path = home.root / SETTINGS_FILE
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"expected_sources": ["account_snapshot"]}))
    build(Home(home.root), SECOND_NIGHT)
    assert tree_of(home.state) == before


# --- changed inputs, code and record ----------------------------------------------------------------------------------

CHANGED: dict[str, tuple[type[CreditlineError], Callable[[Home], Path]]] = {
    "raw": (NotGenuine, lambda home: next((home.raw / "session" / f"business_date={FIRST_NIGHT}").glob("*.parquet"))),
    "state of the night before": (NotGenuine, lambda home: state_file(home, FIRST_NIGHT, "customer")),
    "released orders": (NotGenuine, lambda home: home.releases / "limit_adjustments" / "000001.parquet"),
    "policy pack": (NotGenuine, lambda home: next(home.policy.glob("*/scorecard.csv"))),
    "record of inputs": (NotGenuine, lambda home: inputs_file(home, SECOND_NIGHT)),
    "archived SQL": (LogicRefused, lambda home: next(home.logic.glob("*/*_dec_score.sql"))),
    "archived reference data": (LogicRefused, lambda home: next(home.logic.glob("*/seeds/feature.csv"))),
    "archived index": (LogicRefused, lambda home: next(home.logic.glob("*/index.json"))),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_changed_or_missing_file_is_named(home, case):
    refused, find = CHANGED[case]
    path = find(home)
    content = path.read_bytes()
    if path.name == "index.json":
        path.write_bytes(content.replace(b'"view"', b'"table"', 1))
    else:
        flip_byte(path)
    with pytest.raises(refused, match=path.name) as error:
        replay_night(home, SECOND_NIGHT)
    assert "was changed" in str(error.value)
    assert str(path) in str(error.value)
    path.unlink()
    with pytest.raises(refused, match=path.name):
        replay_night(home, SECOND_NIGHT)


def test_archived_code_that_decides_otherwise_is_found(home):
    """A whole archive of other code in the place of the one that decided: its hash fits, its rows do not."""
    manifest = publication_directory(home, SECOND_NIGHT) / MANIFEST
    logic = read_logic(home.logic / read_manifest(home, SECOND_NIGHT)["logic_hash"])
    other = tuple(
        replace(model, sql=f"select * replace (score - 1 as score) from ({model.sql})\n")
        if model.name == "dec_score"
        else model
        for model in logic.models
    )
    change_json(manifest, logic_hash=archive_logic(home, replace(logic, models=other)))
    resign(home, SECOND_NIGHT)
    done = replay_night(home, SECOND_NIGHT)
    assert done.differing_decisions == done.decisions == 400
    first = done.differences[0]
    assert (first.table, first.column) == ("fct_limit_decision", "score")
    assert first.key == "account_key 1"
    assert int(first.replayed) == int(first.published) - 1
    assert "fct_customer_decision" in {difference.table for difference in done.differences}


# --- changed publications ---------------------------------------------------------------------------------------------

REWRITTEN = {
    "decision hash": (
        "fct_limit_decision",
        "select * replace (if(account_key = 7, repeat('0', 64), decision_sha256) as decision_sha256) from {rows}",
        ("fct_limit_decision", "account_key 7", "decision_sha256", 1),
    ),
    "lost decision": (
        "fct_limit_decision",
        "from {rows} where account_key <> 7",
        ("fct_limit_decision", "account_key 7", "account_key", 1),
    ),
    "report": (
        "rpt_r00_edit_check",
        "select * replace (if(row_number() over () = 1, not is_passed, is_passed) as is_passed) from {rows}",
        ("rpt_r00_edit_check", None, "is_passed", 1),
    ),
    "type": (
        "fct_account_night",
        "select * replace (days_past_due::integer as days_past_due) from {rows}",
        ("fct_account_night", "", "days_past_due", 0),
    ),
}


@pytest.mark.parametrize("case", REWRITTEN)
def test_a_changed_publication_is_found_by_table_key_and_column(home, case):
    table, query, (expected_table, key, column, rows) = REWRITTEN[case]
    rewrite(publication_directory(home, SECOND_NIGHT) / "marts" / f"{table}.parquet", query)
    done = replay_night(home, SECOND_NIGHT)
    (difference,) = done.differences
    assert (difference.table, difference.column, difference.rows) == (expected_table, column, rows)
    assert key is None or difference.key == key
    assert done.differing_decisions == (rows if table == "fct_limit_decision" else 0)


def test_changed_state_of_the_night_itself_is_found(home):
    rewrite(
        state_file(home, SECOND_NIGHT, "account"),
        "select * replace (if(account_key = 9, limit_minor + 1, limit_minor) as limit_minor) from {rows}",
    )
    (difference,) = replay_night(home, SECOND_NIGHT).differences
    assert (difference.table, difference.key, difference.column) == ("state account", "account_key 9", "limit_minor")


@pytest.mark.parametrize(
    "change", [lambda path: path.write_bytes(b"no parquet"), Path.unlink], ids=["broken", "missing"]
)
def test_a_published_file_that_cannot_be_read_is_named(home, change):
    path = publication_directory(home, SECOND_NIGHT) / "marts" / "fct_night.parquet"
    change(path)
    with pytest.raises(ReplayRefused, match=r"fct_night\.parquet"):
        replay_night(home, SECOND_NIGHT)


# --- the door ---------------------------------------------------------------------------------------------------------


def test_the_command_says_no_with_night_table_key_and_column(home):
    rewrite(
        publication_directory(home, SECOND_NIGHT) / "marts" / "fct_limit_decision.parquet",
        "select * replace (if(account_key = 7, repeat('0', 64), decision_sha256) as decision_sha256) from {rows}",
    )
    flip_byte(next((home.raw / "session" / f"business_date={home.published_dates()[-1]}").glob("*.parquet")))
    rows, problems = replay_nights(home.root, None, lambda _message: None)
    assert [row[0] for row in rows] == home.published_dates()
    assert problems[0].startswith(
        f"night {SECOND_NIGHT}: fct_limit_decision, account_key 7, column decision_sha256: published 000"
    )
    assert problems[1].startswith(f"night {home.published_dates()[-1]}: {home.raw}/session/")
    assert len(problems) == 2
    program = [sys.executable, "-c", "from creditline.cli import main; main()", "--home", str(home.root), "replay"]
    done = subprocess.run([*program, "--all"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = f"creditline: {problems[0]} (1 more; --format json lists them)"
    assert done.stderr.strip().splitlines()[-1] == told
    assert subprocess.run(program, capture_output=True, check=False).returncode == 2


def test_a_night_that_was_never_published_cannot_be_replayed(home):
    with pytest.raises(ReplayRefused, match="2027-01-01 is not published"):
        replay_night(home, date(2027, 1, 1))
