"""What analysts open: marts as byte-stable Parquet, and `marts.duckdb` over the Parquet of all published nights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import connect_within, one_row, path_to_read, path_to_write
from creditline.home.files import sync_file
from creditline.publish.adjustments import write_release_view
from creditline.publish.descriptions import descriptions
from creditline.publish.history import (
    DIFFERENCE,
    DIFFERENCE_COLUMNS,
    FOLDER,
    RUNS,
    PublishedNight,
    file_of,
    read_publications,
    tables_of,
    volumes,
)
from creditline.store.built import Table
from creditline.store.parquet import write_parquets

AS_PUBLISHED = "_as_published"
_OF_PUBLICATION = ("publication_date", "publication_revision")
_SUPERSEDED = (
    "(select business_date as publication_date, revision as publication_revision from publication where not is_latest)"
)
_ALL_PUBLICATIONS = "All publications of every night, the superseded ones too."
_REVISION = "which publication of the night: 0 is the first, each restatement adds one"


@dataclass(frozen=True)
class _Files:
    """The files below `published/` with every row of a table that was ever published: those of volumes, and those of
    publications that are in no volume."""

    volumes: list[str]
    publications: list[str]


def export_marts(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], directory: Path) -> dict[str, int]:
    """Write every mart and report of a built night as `<directory>/<table>.parquet`, sorted by its key.

    Returns: rows by table.
    """
    tables = list(tables)
    write_parquets(
        connection,
        {
            directory / f"{table.name}.parquet": f"select * from {table.name} order by {', '.join(table.key)}"
            for table in tables
        },
    )
    return {table.name: one_row(connection.execute(f"select count(*) from {table.name}"))[0] for table in tables}


def write_marts_database(
    target: Path, home: Home, tables: Iterable[str], nights: list[PublishedNight], staged_home: Path
) -> None:
    """Write `marts.duckdb`: dimensions as views over the new publication, facts and reports as views over all published nights.

    Args:
        tables: the marts and reports of the new publication.
        nights: every publication that is to be visible, the new one included.
        staged_home: folder that holds the new publication as the home will, under `published/<date>/r<NN>/`.
    """
    target.unlink(missing_ok=True)
    new = target.parent
    listed = _listed(home, nights, new, staged_home / "published")
    place = new.relative_to(staged_home / "published")
    with connect_within(home, str(target)) as connection:
        connection.execute("begin")
        _write_publications(connection, nights)
        _write_place(connection, home)
        views = []
        for table in tables:
            file = path_to_read(new / file_of(table))
            _write_lists(connection, table, f"[{file}]", f"[{file}]")
            if table.startswith("dim_"):
                listed[table] = _Files([], [f"{place}/{file_of(table)}"])
                connection.execute(
                    f"create view {table} as from read_parquet({table}_files(), hive_partitioning = false)"
                )
            else:
                _write_views(connection, table, listed[table], _columns(connection, table, file))
            views.append(table)
        write_release_view(connection)
        views += _write_runs(connection, home, listed[RUNS], new)
        views += _write_difference(connection, home, listed[DIFFERENCE], new)
        connection.execute("; ".join(_comments(connection)))
        # A view is bound when it is made, to the new publication; what it reads from then on may not be in its place yet.
        for table in views:
            _write_lists(connection, table, _below(listed[table].volumes), _below(listed[table].publications))
        connection.execute("commit")
        connection.execute("checkpoint")
    sync_file(target)


def _listed(home: Home, nights: list[PublishedNight], new: Path, staged: Path) -> dict[str, _Files]:
    """The files of every table that is not a dimension. The new publication is still in `new`, below `staged`."""
    listed: dict[str, _Files] = defaultdict(lambda: _Files([], []))
    merged: set[str] = set()
    for volume in volumes(home):
        merged |= volume.publications
        for table in volume.tables:
            listed[table].volumes.append(f"{FOLDER}/{volume.path}/{table}.parquet")
        for table, paths in volume.apart.items():
            listed[table].publications.extend(f"{path}/{file_of(table)}" for path in paths)
    for night in nights:
        if night.path not in merged:
            place = staged / night.path
            for table in tables_of(place if place == new else home.published / night.path):
                listed[table].publications.append(f"{night.path}/{file_of(table)}")
    return listed


def _below(paths: list[str]) -> str:
    """SQL of a list of files below `published/`; the home may be moved before it is read."""
    return f"list_transform({paths}::varchar[], path -> published_folder() || path)"


def _write_publications(connection: duckdb.DuckDBPyConnection, nights: list[PublishedNight]) -> None:
    latest = {night.business_date: night.revision for night in sorted(nights, key=lambda night: night.revision)}
    connection.execute(
        "create table publication as select unnest($dates)::date as business_date, unnest($revisions)::bigint as revision,"
        " unnest($paths)::varchar as path, unnest($latest)::boolean as is_latest",
        {
            "dates": [night.business_date for night in nights],
            "revisions": [night.revision for night in nights],
            "paths": [night.path for night in nights],
            "latest": [latest[night.business_date] == night.revision for night in nights],
        },
    )


def _write_place(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """`published_folder()`: a home that was moved answers after one `set variable creditline_home = '<where it is now>'`."""
    # a path in a list is read as a pattern
    connection.execute(
        "create macro published_folder() as"
        f" regexp_replace(coalesce(getvariable('creditline_home'), {path_to_write(home.root)}), '([*?[])', '[\\1]', 'g')"
        " || '/published/'"
    )


def _write_lists(connection: duckdb.DuckDBPyConnection, table: str, volumes: str, publications: str) -> None:
    """The lists of files, SQL, that the views of a table read."""
    connection.execute(f"create or replace macro {table}_volumes() as {volumes}")
    connection.execute(f"create or replace macro {table}_files() as {publications}")


def _rows(table: str, files: _Files) -> str:
    """SQL of every row of a table that was ever published."""
    parts = []
    if files.volumes:
        parts.append(f"select * from read_parquet({table}_volumes(), union_by_name = true, hive_partitioning = false)")
    if files.publications:
        parts.append(read_publications(table, f"{table}_files()"))
    return " union all by name ".join(f"({part})" for part in parts)


def _columns(connection: duckdb.DuckDBPyConnection, table: str, file: str) -> str:
    """The columns that a publication has of a table."""
    described = connection.execute(f"describe {read_publications(table, f'[{file}]')}").fetchall()
    return ", ".join(row[0] for row in described if row[0] not in _OF_PUBLICATION)


def _write_views(connection: duckdb.DuckDBPyConnection, table: str, files: _Files, columns: str) -> None:
    rows = _rows(table, files)
    connection.execute(
        f"create view {table} as select {columns} from ({rows}) anti join {_SUPERSEDED} using ({', '.join(_OF_PUBLICATION)})"
    )
    connection.execute(
        f"create view {table}{AS_PUBLISHED} as select {columns}, publication_revision as revision from ({rows})"
    )


def _write_runs(connection: duckdb.DuckDBPyConnection, home: Home, files: _Files, new: Path) -> list[str]:
    """`ops_run`: the seconds of every publication's run. Returns: its name."""
    file = path_to_read(new / file_of(RUNS))
    _write_lists(connection, RUNS, _first(home, files.volumes), f"[{file}]")
    columns = _columns(connection, RUNS, file)
    connection.execute(f"create view {RUNS} as select {columns} from ({_rows(RUNS, files)})")
    return [RUNS]


def _write_difference(connection: duckdb.DuckDBPyConnection, home: Home, files: _Files, new: Path) -> list[str]:
    """`restatement_diff`: every cell that a restatement changed, with the publication that did. Returns: its name if it is a
    view, because a night was restated."""
    if not (files.volumes or files.publications):
        columns = ", ".join(f"{name} {kind}" for name, kind in DIFFERENCE_COLUMNS.items())
        connection.execute(f"create table {DIFFERENCE} ({columns}, revision bigint)")
        return []
    own = new / file_of(DIFFERENCE)
    alone = f"[{path_to_read(own)}]" if own.is_file() else _first(home, files.publications)
    _write_lists(connection, DIFFERENCE, _first(home, files.volumes), alone)
    connection.execute(
        f"create view {DIFFERENCE} as select {', '.join(DIFFERENCE_COLUMNS)}, publication_revision as revision"
        f" from ({_rows(DIFFERENCE, files)})"
    )
    return [DIFFERENCE]


def _first(home: Home, paths: list[str]) -> str:
    """SQL of a list of the first of some files that are in their places."""
    return f"[{', '.join(path_to_read(home.published / path) for path in paths[:1])}]"


def _comments(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Write a comment on every table and column, with dbt's descriptions. A restated night may have some that this release no
    longer has."""
    known = descriptions()
    found = connection.execute(
        "select table_name, list(column_name), table_name in (select view_name from duckdb_views())"
        " from duckdb_columns() where not internal group by table_name order by table_name"
    ).fetchall()
    for table, columns, is_view in found:
        described = known.get(table.removesuffix(AS_PUBLISHED))
        if described is None:
            continue
        text, texts = described.text, described.columns
        if table.endswith(AS_PUBLISHED):
            text, texts = f"{text} {_ALL_PUBLICATIONS}", texts | {"revision": _REVISION}
        yield f"comment on {'view' if is_view else 'table'} {table} is {_text(text)}"
        for column in columns:
            if column in texts:
                yield f"comment on column {table}.{column} is {_text(texts[column])}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
