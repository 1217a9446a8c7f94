"""Connections to DuckDB that keep still: the engine's own progress bar would end up in output meant for programs."""

from __future__ import annotations

import duckdb


def connect(database: str = ":memory:", **options: object) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection without a progress bar; arguments are those of `duckdb.connect`."""
    connection = duckdb.connect(database, **options)
    connection.execute("set enable_progress_bar = false")
    return connection
