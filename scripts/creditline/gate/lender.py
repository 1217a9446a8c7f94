"""Open DuckDB connections lent to Great Expectations, which opens its own by an address alone."""

from __future__ import annotations

from itertools import count

from duckdb import DuckDBPyConnection

from creditline.home.database import connect_again

_numbers = count(1)
_lenders: dict[str, Lender] = {}


class Lender:
    """Lends connections to the database of an open one, until it is closed."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self.name = f"lender-{next(_numbers)}"
        self._connection = connection
        self._lent: list[DuckDBPyConnection] = []
        _lenders[self.name] = self

    def lend(self) -> DuckDBPyConnection:
        """Another connection to the database."""
        self._lent.append(connect_again(self._connection))
        return self._lent[-1]

    def close(self) -> None:
        """Close all that was lent; the connection itself stays open."""
        del _lenders[self.name]
        for connection in self._lent:
            connection.close()


def lend(name: str) -> DuckDBPyConnection:
    """A connection from the lender of this name."""
    return _lenders[name].lend()
