"""What analysts open: marts as byte-stable Parquet, and `marts.duckdb` over the Parquet of all published nights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.files import sync_file
from creditline.warehouse.build import Build
from creditline.warehouse.parquet import write_parquet

# A home that was moved answers after one `set variable creditline_home = '<where it is now>'`.
_HOME = "coalesce(getvariable('creditline_home'), '{home}')"


@dataclass(frozen=True)
class PublishedNight:
    """One publication that `marts.duckdb` may show: `path` is relative to `published/`."""

    business_date: str
    revision: int
    path: str


def export_marts(home: Home, build: Build, directory: Path) -> dict[str, int]:
    """Write every mart of the build as `<directory>/<table>.parquet`, sorted by its key.

    Returns: rows by table.
    """
    directory.mkdir(parents=True)
    rows = {}
    with connect_within(home, str(home.warehouse_file), read_only=True) as connection:
        for table in (*build.marts, *build.reports):
            target = directory / f"{table.name}.parquet"
            write_parquet(connection, f"select * from {table.name} order by {', '.join(table.key)}", target)
            rows[table.name] = connection.execute(f"select count(*) from {table.name}").fetchone()[0]
    return rows


def write_marts_database(
    target: Path, home: Home, build: Build, nights: list[PublishedNight], staged_home: Path
) -> None:
    """Write `marts.duckdb`: dimensions as tables, facts and reports as views over all published nights.

    Args:
        nights: every publication that is to be visible, the new one included.
        staged_home: folder in which the new publication lies as it will in the home, `published/<date>/r<NN>/`.
    """
    target.unlink(missing_ok=True)
    with connect_within(home, str(target)) as connection:
        # A view is bound when it is made: let it find the one publication that is not in its place yet.
        connection.execute(f"set variable creditline_home = '{staged_home}'")
        _write_publications(connection, nights)
        for table in (*build.marts, *build.reports):
            if table.name.startswith("dim_"):
                file = target.parent / "marts" / f"{table.name}.parquet"
                connection.execute(f"create table {table.name} as select * from read_parquet('{file}')")
            else:
                _write_history_views(connection, home, table.name, target.parent)
        _write_runs_view(connection, home)
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
        for row in connection.execute(f"describe from read_parquet('{directory}/marts/{table}.parquet')").fetchall()
    )
    files = f"{_HOME.format(home=home.root)} || '/published/*/r*/marts/{table}.parquet'"
    for view, shown in ((table, "where is_latest"), (f"{table}_as_published", "")):
        revision = ", publication.revision" if view.endswith("_as_published") else ""
        connection.execute(
            f"create view {view} as select {', '.join(f'rows.{name}' for name in columns.split(', '))}{revision}"
            f" from read_parquet({files}, filename = true, union_by_name = true, hive_partitioning = false) as rows"
            f" inner join (select * from publication {shown}) as publication"
            f" on publication.path = regexp_extract(rows.filename, '([0-9-]+/r[0-9]+)/marts/', 1)"
        )


def _write_runs_view(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    files = f"{_HOME.format(home=home.root)} || '/published/*/r*/seconds.json'"
    connection.execute(
        "create view ops_run as select runs.business_date, runs.revision, runs.host, runs.run_id, step.key as step,"
        " step.value as seconds"
        " from (select *, unnest(map_entries(seconds)) as step from read_json(" + files + ", columns = {"
        "business_date: 'date', revision: 'bigint', host: 'varchar', run_id: 'varchar',"
        " seconds: 'map(varchar, double)'})) as runs"
    )
