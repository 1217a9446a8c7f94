"""What analysts open: marts as byte-stable Parquet, and `marts.duckdb` over the Parquet of all published nights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import connect_within, path_to_read
from creditline.home.files import sync_file
from creditline.home.publications import latest_revisions, revision_name
from creditline.warehouse.build import Table
from creditline.warehouse.parquet import write_parquet

# A home that was moved answers after one `set variable creditline_home = '<where it is now>'`.
_HOME = "coalesce(getvariable('creditline_home'), {home})"
DIFFERENCE = "restatement_diff"
DIFFERENCE_COLUMNS = (
    "business_date date, table_name varchar, row_key varchar, column_name varchar, before varchar, after varchar"
)


@dataclass(frozen=True)
class PublishedNight:
    """One publication that `marts.duckdb` may show: `path` is relative to `published/`."""

    business_date: str
    revision: int
    path: str


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


def export_marts(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], directory: Path) -> dict[str, int]:
    """Write every mart and report of a built night as `<directory>/<table>.parquet`, sorted by its key.

    Returns: rows by table.
    """
    rows = {}
    for table in tables:
        target = directory / f"{table.name}.parquet"
        write_parquet(connection, f"select * from {table.name} order by {', '.join(table.key)}", target)
        rows[table.name] = connection.execute(f"select count(*) from {table.name}").fetchone()[0]
    return rows


def write_marts_database(
    target: Path, home: Home, tables: Iterable[str], nights: list[PublishedNight], staged_home: Path
) -> None:
    """Write `marts.duckdb`: dimensions as tables, facts and reports as views over all published nights.

    Args:
        tables: the marts and reports of the new publication.
        nights: every publication that is to be visible, the new one included.
        staged_home: folder in which the new publication lies as it will in the home, `published/<date>/r<NN>/`.
    """
    target.unlink(missing_ok=True)
    with connect_within(home, str(target)) as connection:
        # A view is bound when it is made: let it find the one publication that is not in its place yet.
        connection.execute(f"set variable creditline_home = {path_to_read(staged_home)}")
        _write_publications(connection, nights)
        for table in tables:
            if table.startswith("dim_"):
                file = target.parent / "marts" / f"{table}.parquet"
                connection.execute(f"create table {table} as select * from read_parquet({path_to_read(file)})")
            else:
                _write_history_views(connection, home, table, target.parent)
        _write_runs_view(connection, home)
        _write_difference_view(connection, home, nights, target.parent)
        connection.execute("checkpoint")
    sync_file(target)


def _write_publications(connection: duckdb.DuckDBPyConnection, nights: list[PublishedNight]) -> None:
    connection.execute(
        "create table publication (business_date date, revision bigint, path varchar, is_latest boolean)"
    )
    latest = {night.business_date: night.revision for night in sorted(nights, key=lambda night: night.revision)}
    connection.executemany(
        "insert into publication values (?, ?, ?, ?)",
        [
            [night.business_date, night.revision, night.path, latest[night.business_date] == night.revision]
            for night in nights
        ],
    )


def _write_history_views(connection: duckdb.DuckDBPyConnection, home: Home, table: str, directory: Path) -> None:
    columns = ", ".join(
        row[0]
        for row in connection.execute(
            f"describe from read_parquet({path_to_read(directory / 'marts' / f'{table}.parquet')})"
        ).fetchall()
    )
    files = f"{_HOME.format(home=path_to_read(home.root))} || '/published/*/r*/marts/{table}.parquet'"
    for view, shown in ((table, "where is_latest"), (f"{table}_as_published", "")):
        revision = ", publication.revision" if view.endswith("_as_published") else ""
        connection.execute(
            f"create view {view} as select {', '.join(f'rows.{name}' for name in columns.split(', '))}{revision}"
            f" from read_parquet({files}, filename = true, union_by_name = true, hive_partitioning = false) as rows"
            f" inner join (select * from publication {shown}) as publication"
            f" on publication.path = regexp_extract(rows.filename, '([0-9-]+/r[0-9]+)/marts/', 1)"
        )


def _write_runs_view(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    files = f"{_HOME.format(home=path_to_read(home.root))} || '/published/*/r*/seconds.json'"
    connection.execute(
        "create view ops_run as select runs.business_date, runs.revision, runs.host, runs.run_id, step.key as step,"
        " step.value as seconds"
        " from (select *, unnest(map_entries(seconds)) as step from read_json(" + files + ", columns = {"
        "business_date: 'date', revision: 'bigint', host: 'varchar', run_id: 'varchar',"
        " seconds: 'map(varchar, double)'})) as runs"
        # what a killed restatement left behind is no publication
        " inner join publication using (business_date, revision)"
    )


def _write_difference_view(
    connection: duckdb.DuckDBPyConnection, home: Home, nights: list[PublishedNight], directory: Path
) -> None:
    """`restatement_diff`: every cell that a restatement changed, with the publication that did."""
    if not any(night.revision for night in nights):
        connection.execute(f"create table {DIFFERENCE} ({DIFFERENCE_COLUMNS}, revision bigint)")
        return
    if not (directory / f"{DIFFERENCE}.parquet").is_file():
        # the new publication restates nothing: the view is bound to those that are in their place
        connection.execute(f"set variable creditline_home = {path_to_read(home.root)}")
    files = f"{_HOME.format(home=path_to_read(home.root))} || '/published/*/r*/{DIFFERENCE}.parquet'"
    connection.execute(
        f"create view {DIFFERENCE} as select rows.business_date, rows.table_name, rows.row_key, rows.column_name,"
        " rows.before, rows.after, publication.revision"
        f" from read_parquet({files}, filename = true, hive_partitioning = false) as rows inner join publication"
        f" on publication.path = regexp_extract(rows.filename, '([0-9-]+/r[0-9]+)/{DIFFERENCE}', 1)"
    )
