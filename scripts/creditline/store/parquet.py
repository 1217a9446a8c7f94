"""Parquet files that are the same bytes for the same rows, and views over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

import duckdb

from creditline.home.database import path_to_read, path_to_write, workers_beside
from creditline.home.files import make_directory, move_into_place, partial_of


def write_parquet(
    connection: duckdb.DuckDBPyConnection, rows: str, target: Path, parameters: Mapping[str, object] | None = None
) -> None:
    """Write the rows of an ordered query as one complete Parquet file or none, the same bytes every time. Makes its folder."""
    make_directory(target.parent)
    unfinished = partial_of(target)
    connection.execute(
        f"copy ({rows}) to {path_to_write(unfinished)} (format parquet, compression zstd)", parameters or {}
    )
    move_into_place(unfinished, target)


def write_parquets(connection: duckdb.DuckDBPyConnection, files: Mapping[Path, str]) -> None:
    """Write several files as `write_parquet` does, as many at once as the engine has threads, because sorting and encoding one
    file uses only one core.

    Args:
        files: the ordered query of each file.
    """

    def written_to(target: Path, own: duckdb.DuckDBPyConnection) -> None:
        write_parquet(own, files[target], target)

    with workers_beside(connection) as workers:
        for written in [workers.submit(partial(written_to, target)) for target in files]:
            written.result()


def lay_parquet(
    connection: duckdb.DuckDBPyConnection, relation: str, files: list[Path], columns: dict[str, str]
) -> None:
    """A view over Parquet files by name of column, or an empty table of the same columns if there are no files.

    A column that none of the files has is null, because an earlier release did not write it.
    """
    if not files:
        connection.execute(f"create table {relation} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
        return
    listed = ", ".join(map(path_to_read, files))
    read = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"

    def view(held: Collection[str]) -> str:
        names = (f"cast({name if name in held else 'null'} as {kind}) as {name}" for name, kind in columns.items())
        return f"create view {relation} as select {', '.join(names)} from {read}"

    try:
        connection.execute(view(columns))
    except duckdb.BinderException:
        connection.execute(view({name for name, *_ in connection.execute(f"describe from {read}").fetchall()}))
