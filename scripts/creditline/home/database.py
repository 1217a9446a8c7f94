"""Connections to DuckDB without a progress bar, which would get into output that programs read."""

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

# The values of a result; the query says of which types.
Row = tuple[Any, ...]
T = TypeVar("T")


def connect(
    database: str = ":memory:", *, read_only: bool = False, config: dict[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection without a progress bar; arguments are those of `duckdb.connect`."""
    connection = duckdb.connect(database, read_only=read_only, config=dict(config or {}))
    connection.execute("set enable_progress_bar = false")
    return connection


def answer_rightly(connection: duckdb.DuckDBPyConnection) -> None:
    """Switch off what makes the engine answer a join over `order by ... limit` wrongly, before SQL runs that somebody else wrote.

    Our own has no such join (docs/decisions/0016), and a night is slower without it.
    """
    connection.execute("set disabled_optimizers = 'join_filter_pushdown'")


def connect_within(home: Home, database: str = ":memory:", *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection within the bounds of the home, all times in UTC."""
    # the engine makes the last folder of the path itself if it needs it
    make_directory(home.spill.parent)
    connection = connect(database, read_only=read_only, config=engine_bounds(home))
    bound_spill(connection, home.settings.spill_limit)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def engine_bounds(home: Home) -> dict[str, str]:
    """The engine's settings for this home, to be given when it is opened; call `bound_spill` after that."""
    return {
        "memory_limit": home.settings.memory_limit,
        "threads": str(home.settings.threads),
        "temp_directory": str(home.spill),
    }


def bound_spill(connection: duckdb.DuckDBPyConnection, limit: str) -> None:
    """Limit what the engine writes to disk because it does not fit into memory.

    If the limit is given when the engine is opened, it is shown but not enforced (DuckDB 1.5.5 spilled 886 MB of 300 MB).
    """
    connection.execute(f"set max_temp_directory_size = '{limit}'")


def connect_beside(home: Home, folder: Path, database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """A connection within the bounds of the home that works beside a running night. It spills to a folder of its own, because
    a build clears the home's spill folder."""
    connection = connect(database, config=engine_bounds(home) | {"temp_directory": str(folder / "spill")})
    bound_spill(connection, home.settings.spill_limit)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def connect_again(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Another connection to an open database, in the same catalog, for another thread. Session settings are not shared."""
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
        """Run work with a connection that nobody else uses meanwhile."""
        return self.pool.submit(self._lend, work)

    def _lend(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        own = self.idle.get()
        try:
            return work(own)
        finally:
            self.idle.put(own)


@contextmanager
def workers_beside(connection: duckdb.DuckDBPyConnection) -> Iterator[Workers]:
    """Workers on the database of a connection; all submitted work is done when the context ends."""
    at_once = int(one_row(connection.execute("select current_setting('threads')"))[0])
    idle: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    with ExitStack() as stack:
        connections = tuple(stack.enter_context(connect_again(connection)) for _ in range(at_once))
        for own in connections:
            idle.put(own)
        yield Workers(stack.enter_context(ThreadPoolExecutor(at_once)), connections, idle)


def one_row(found: duckdb.DuckDBPyConnection) -> Row:
    """The row of a query that always has one, like a count."""
    row = found.fetchone()
    if row is None:
        raise LookupError("the query found no row")
    return row


def as_pattern(path: Path | str) -> str:
    """The pattern that matches only this path. DuckDB reads every path as a pattern: `a[1].csv` would match `a1.csv`."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def path_to_read(path: Path | str, below: str = "") -> str:
    """A path as a SQL literal for reading; `below` is a pattern of names in that folder."""
    return _literal(f"{as_pattern(path)}/{below}" if below else as_pattern(path))


def path_to_write(path: Path | str) -> str:
    """A path as a SQL literal for writing or attaching, which DuckDB does not read as a pattern."""
    return _literal(str(path))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
