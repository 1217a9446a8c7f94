"""Connections to DuckDB that keep still: the engine's own progress bar would end up in output meant for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import duckdb

from creditline.home import Home
from creditline.home.files import make_directory

# What a query found, value by value; the query says of which types.
Row = tuple[Any, ...]
T = TypeVar("T")


def connect(
    database: str = ":memory:", *, read_only: bool = False, config: dict[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection without a progress bar; arguments are those of `duckdb.connect`."""
    connection = duckdb.connect(database, read_only=read_only, config=dict(config or {}))
    connection.execute("set enable_progress_bar = false")
    return connection


def connect_within(home: Home, database: str = ":memory:", *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection within the bounds of the home, all times in UTC."""
    # the engine makes the last folder of the path itself, when it needs it
    make_directory(home.spill.parent)
    connection = connect(database, read_only=read_only, config=engine_bounds(home))
    bound_spill(connection, home.settings.spill_limit)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def engine_bounds(home: Home) -> dict[str, str]:
    """What an engine of this home may use, to be given when it is opened; `bound_spill` comes after that."""
    return {
        "memory_limit": home.settings.memory_limit,
        "threads": str(home.settings.threads),
        "temp_directory": str(home.spill),
    }


def bound_spill(connection: duckdb.DuckDBPyConnection, limit: str) -> None:
    """Bound what goes to disk because it does not fit into memory.

    Given when the engine is opened, the limit is shown and not enforced (DuckDB 1.5.5 spilled 886 MB of 300 MB).
    """
    connection.execute(f"set max_temp_directory_size = '{limit}'")


def connect_beside(home: Home, folder: Path, database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A connection within the bounds of the home that works beside a running night: what spills goes to a folder of its
    own, because a build clears what an earlier one left in the home's."""
    connection = connect(database, config=engine_bounds(home) | {"temp_directory": str(folder / "spill")})
    bound_spill(connection, home.settings.spill_limit)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def connect_again(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """One more connection to a database that is open, in the same catalog, for another thread; a session's settings are its own."""
    (catalog,) = one_row(connection.execute("select current_database()"))
    other = connection.cursor()
    other.execute(f"set enable_progress_bar = false; set TimeZone = 'UTC'; use \"{catalog}\"")
    return other


@dataclass(frozen=True)
class Workers:
    """As many threads as the engine has, and a connection for each of them."""

    pool: ThreadPoolExecutor
    connections: tuple[duckdb.DuckDBPyConnection, ...]
    idle: SimpleQueue[duckdb.DuckDBPyConnection]

    def submit(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> Future[T]:
        """Have work done with a connection that nobody else uses meanwhile."""
        return self.pool.submit(self._lend, work)

    def _lend(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        own = self.idle.get()
        try:
            return work(own)
        finally:
            self.idle.put(own)


@contextmanager
def workers_beside(connection: duckdb.DuckDBPyConnection) -> Iterator[Workers]:
    """Workers on the database of a connection; all that was submitted is done when they leave."""
    at_once = int(one_row(connection.execute("select current_setting('threads')"))[0])
    idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    with ExitStack() as stack:
        connections = tuple(stack.enter_context(connect_again(connection)) for _ in range(at_once))
        for own in connections:
            idle.put(own)
        yield Workers(stack.enter_context(ThreadPoolExecutor(at_once)), connections, idle)


def one_row(found: duckdb.DuckDBPyConnection) -> Row:
    """The row of a query that has one whatever the data, like a count."""
    row = found.fetchone()
    if row is None:
        raise LookupError("the query found no row")
    return row


def as_pattern(path: Path | str) -> str:
    """The pattern that matches this one path: DuckDB takes every path that it reads for a pattern, `a[1].csv` for `a1.csv`."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def path_to_read(path: Path | str, below: str = "") -> str:
    """A path as a SQL literal of what is read; `below` is a pattern of names in that folder."""
    return _literal(f"{as_pattern(path)}/{below}" if below else as_pattern(path))


def path_to_write(path: Path | str) -> str:
    """A path as a SQL literal of what is written or attached, which is no pattern."""
    return _literal(str(path))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
