"""Parquet files that are the same bytes for the same rows, and views over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

import duckdb

from creditline.home.database import connect_again, one_row, path_to_read, path_to_write
from creditline.home.files import make_directory, move_into_place, partial_of


def write_parquet(
    connection: duckdb.DuckDBPyConnection, rows: str, target: Path, parameters: Mapping[str, object] | None = None
) -> None:
    """Write the rows of an ordered query as one Parquet file, whole or not at all, the same bytes every time; its folder is made."""
    make_directory(target.parent)
    partial = partial_of(target)
    connection.execute(
        f"copy ({rows}) to {path_to_write(partial)} (format parquet, compression zstd)", parameters or {}
    )
    move_into_place(partial, target)


def write_parquets(connection: duckdb.DuckDBPyConnection, files: Mapping[Path, str]) -> None:
    """Write several files as `write_parquet` does, as many at once as the engine has threads: to sort and to encode one keeps one
    core busy, and no more.

    Args:
        files: the ordered query of each file.
    """
    at_once, catalog = one_row(connection.execute("select current_setting('threads'), current_database()"))
    idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()

    def write(target: Path) -> None:
        own = idle.get()
        try:
            write_parquet(own, files[target], target)
        finally:
            idle.put(own)

    with ExitStack() as stack:
        for _ in range(at_once):
            own = stack.enter_context(connect_again(connection))
            # a further connection begins in the first catalog, wherever this one is
            own.execute(f'use "{catalog}"')
            idle.put(own)
        pool = stack.enter_context(ThreadPoolExecutor(at_once))
        for written in [pool.submit(write, target) for target in files]:
            written.result()


def lay_parquet(
    connection: duckdb.DuckDBPyConnection, relation: str, files: list[Path], columns: dict[str, str]
) -> None:
    """A view over Parquet files by name of column, or an empty table of the same columns where there are none.

    A column that none of the files has is null: an earlier release did not keep it.
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
