"""Parquet files that are the same bytes for the same rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

from creditline.home.files import move_into_place, partial_of


def write_parquet(connection: duckdb.DuckDBPyConnection, rows: str, target: Path) -> None:
    """Write the rows of an ordered query as one Parquet file, whole or not at all, the same bytes every time."""
    partial = partial_of(target)
    connection.execute(f"copy ({rows}) to '{partial}' (format parquet, compression zstd)")
    move_into_place(partial, target)
