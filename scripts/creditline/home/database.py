"""Connections to DuckDB that keep still: the engine's own progress bar would end up in output meant for programs."""

from __future__ import annotations

import duckdb

from creditline.home import Home


def connect(database: str = ":memory:", **options: object) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection without a progress bar; arguments are those of `duckdb.connect`."""
    connection = duckdb.connect(database, **options)
    connection.execute("set enable_progress_bar = false")
    return connection


def connect_within(home: Home, database: str = ":memory:", *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection within the bounds of the home, all times in UTC."""
    # the engine makes the last folder of the path itself, when it needs it
    home.spill.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(database, read_only=read_only, config=engine_bounds(home))
    connection.execute("set TimeZone = 'UTC'")
    return connection


def engine_bounds(home: Home) -> dict[str, str]:
    """What an engine of this home may use: what does not fit into memory goes to `spill_directory`, as far as that may grow."""
    return {
        "memory_limit": home.settings.memory_limit,
        "threads": str(home.settings.threads),
        "temp_directory": str(home.spill),
        "max_temp_directory_size": home.settings.spill_limit,
    }
