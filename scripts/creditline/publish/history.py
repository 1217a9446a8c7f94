"""Closed months as volumes, so that a query over all nights opens one file for each month and not one for each night.

A volume, `published/history/<month>/v<NN>/`, copies the rows of some publications of one month, one file for each table. It is
made once and never changed. A restated night of a month that has a volume goes into the month's next one. `marts.duckdb` names
the volumes and files that it shows, so a later volume does not affect it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from creditline.home import Home
from creditline.home.database import connect_within, path_to_read
from creditline.home.files import canonical_json, clear_directory, sha256_of
from creditline.home.keys import sign_file
from creditline.home.proof import NotGenuine, check_file, read_proven
from creditline.home.publications import MANIFEST, RUN, latest_revisions, place_publication, revision_name
from creditline.store.parquet import write_parquet

FOLDER = "history"
DIFFERENCE = "restatement_diff"
DIFFERENCE_COLUMNS = {
    "business_date": "date",
    "table_name": "varchar",
    "row_key": "varchar",
    "column_name": "varchar",
    "before": "varchar",
    "after": "varchar",
}
RUNS = "ops_run"
# With fewer nights a volume saves nothing; a table with more bytes in a month costs more to copy than to open night by night.
_LEAST_NIGHTS = 4
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class PublishedNight:
    """One publication that `marts.duckdb` may show: `path` is relative to `published/`."""

    business_date: str
    revision: int
    path: str

    @property
    def month(self) -> str:
        """The month of the night: 2026-09."""
        return self.business_date[:7]


@dataclass(frozen=True)
class Volume:
    """One volume: `path` is relative to `published/history/`, `publications` are paths of what it repeats.

    `apart` are the tables that are too big for it, with the publications that hold them.
    """

    path: str
    publications: frozenset[str]
    tables: frozenset[str]
    apart: dict[str, tuple[str, ...]]


def published_nights(home: Home, added: dict[date, int]) -> list[PublishedNight]:
    """Every publication of every night, by night and revision.

    Args:
        added: the latest revision of nights that get a new publication now.
    """
    latest = dict.fromkeys(home.published_dates(), 0) | latest_revisions(home) | added
    return [
        PublishedNight(str(day), revision, f"{day}/{revision_name(revision)}")
        for day, last in sorted(latest.items())
        for revision in range(last + 1)
    ]


def file_of(table: str) -> str:
    """Where a publication keeps the rows of a table of `marts.duckdb`."""
    return {DIFFERENCE: f"{DIFFERENCE}.parquet", RUNS: "seconds.json"}.get(table, f"marts/{table}.parquet")


def read_publications(table: str, files: str) -> str:
    """SQL of a table's rows in files of the record, with `publication_date` and `publication_revision`.

    Args:
        files: SQL of a list of paths that end in `<date>/r<NN>/` and `file_of(table)`.
    """
    if table == RUNS:
        columns = "{business_date: 'date', revision: 'bigint', host: 'varchar', run_id: 'varchar', seconds: 'map(varchar, double)'}"
        return (
            "select business_date, revision, host, run_id, step.key as step, step.value as seconds,"
            " business_date as publication_date, revision as publication_revision"
            f" from (select *, unnest(map_entries(seconds)) as step from read_json({files}, columns = {columns}))"
        )
    place = f"/([0-9-]+)/r([0-9]+)/{file_of(table)}$"
    return (
        f"select * exclude (filename), regexp_extract(filename, '{place}', 1)::date as publication_date,"
        f" regexp_extract(filename, '{place}', 2)::bigint as publication_revision"
        f" from read_parquet({files}, filename = true, union_by_name = true, hive_partitioning = false)"
    )


def tables_of(publication: Path) -> frozenset[str]:
    """What a publication has for `marts.duckdb` to show, dimensions left out: those are the newest night's."""
    marts = (path.stem for path in (publication / "marts").iterdir())
    others = (table for table in (DIFFERENCE, RUNS) if (publication / file_of(table)).is_file())
    return frozenset(name for name in (*marts, *others) if not name.startswith("dim_"))


def volumes(home: Home) -> list[Volume]:
    """Every volume of the home that bears its signature, by month and number."""
    history = home.published / FOLDER
    found = []
    for folder in sorted(history.glob("*/v*")):
        with suppress(NotGenuine):
            read_proven(home, folder / RUN)
            manifest = json.loads(read_proven(home, folder / MANIFEST))
            found.append(_volume(str(folder.relative_to(history)), manifest))
    return found


def _volume(path: str, manifest: dict[str, Any]) -> Volume:
    return Volume(
        path=path,
        publications=frozenset(manifest["publications"]),
        tables=frozenset(Path(name).stem for name in manifest["files"]) | {RUNS},
        apart={table: tuple(paths) for table, paths in manifest["apart"].items()},
    )


def merge_closed_months(home: Home, newest: date) -> None:
    """Make a volume of every month before the newest night's month that has enough nights in no volume yet.

    A publication whose bytes differ from its manifest goes into none, because the copy would look genuine.
    """
    kept = frozenset().union(*(volume.publications for volume in volumes(home)))
    loose: dict[str, list[PublishedNight]] = defaultdict(list)
    for night in published_nights(home, {}):
        if night.path not in kept and night.month < f"{newest:%Y-%m}":
            loose[night.month].append(night)
    for month, nights in loose.items():
        if len(nights) >= _LEAST_NIGHTS and len(whole := _whole(home, nights)) >= _LEAST_NIGHTS:
            _write_volume(home, month, whole)


def _whole(home: Home, nights: list[PublishedNight]) -> dict[str, frozenset[str]]:
    """Publications whose tables have the bytes that their signed manifests name, by path, with those tables."""
    whole = {}
    for night in nights:
        directory = home.published / night.path
        tables = tables_of(directory)
        with suppress(NotGenuine):
            named: dict[str, str] = {}
            for name in (MANIFEST, RUN):
                named |= json.loads(read_proven(home, directory / name))["files"]
            for table in tables:
                check_file(directory / file_of(table), named.get(file_of(table), "in no manifest"))
            whole[night.path] = tables
    return whole


def _write_volume(home: Home, month: str, publications: dict[str, frozenset[str]]) -> None:
    staged = clear_directory(home.warehouse / FOLDER)
    apart = {}
    with connect_within(home) as connection:
        # rows keep their order without a sort, and the bytes are the same every time
        connection.execute("set threads = 1")
        for table in sorted(frozenset().union(*publications.values())):
            paths = [path for path, tables in publications.items() if table in tables]
            files = [home.published / path / file_of(table) for path in paths]
            if table != RUNS and sum(file.stat().st_size for file in files) > _MOST_BYTES:
                apart[table] = paths
            else:
                rows = read_publications(table, f"[{', '.join(map(path_to_read, files))}]")
                write_parquet(connection, rows, staged / f"{table}.parquet")
    digests = {path.name: sha256_of(path) for path in sorted(staged.iterdir())}
    # as in a publication: only the seconds differ from run to run
    run = {"files": {name: digests.pop(name) for name in (f"{RUNS}.parquet",)}}
    manifest = {"publications": list(publications), "files": digests, "apart": apart}
    for name, facts in ((MANIFEST, manifest), (RUN, run)):
        (staged / name).write_bytes(canonical_json(facts))
        sign_file(home, staged / name)
    target = home.published / FOLDER / month
    number = len(list(target.iterdir())) if target.is_dir() else 0
    place_publication(staged, target / f"v{number:02d}")
