"""Reading what is published: read-only, from the pointer, without reach to anything else on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from creditline.errors import CreditlineError, UsageError
from creditline.home import Home
from creditline.home.database import connect


@contextmanager
def open_marts(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to `current/marts.duckdb` that may read the home's published files and nothing else.

    Raises:
        CreditlineError: no night is published yet.
    """
    database = home.current / "marts.duckdb"
    if not database.is_file():
        raise CreditlineError(f"{home.root}: no night is published yet; run `creditline night --all`")
    with connect(str(database.resolve()), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set variable creditline_home = '{home.root}'")
        connection.execute(f"set allowed_directories = ['{home.published}']")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def query_marts(home: Home, query: str) -> tuple[list[str], list[tuple]]:
    """Columns and rows of one query over the published marts.

    Raises:
        UsageError: DuckDB does not accept the query.
    """
    with open_marts(home) as connection:
        try:
            relation = connection.sql(query)
            return (list(relation.columns), relation.fetchall()) if relation is not None else ([], [])
        except duckdb.Error as error:
            raise UsageError(f"query: {error}") from error
