"""SQLAlchemy's dialects for DuckDB as Great Expectations gets them, and the types by whose names a suite may ask.

duckdb-engine asks PostgreSQL's catalogue for the columns of a table, which DuckDB imitates by joins over all that it knows:
60 ms a table, where `describe` takes one.

Great Expectations looks into a module of each dialect that it knows, `dialect` and types by name, to see which SQL it may
write. It knows none of DuckDB's; this module is given to it (`gate.engine`), and by the parent class of `dialect` it writes
PostgreSQL's.
"""

from __future__ import annotations

from typing import Any

import duckdb_engine
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedPrimaryKeyConstraint
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INTEGER,
    NUMERIC,
    SMALLINT,
    TIMESTAMP,
    VARCHAR,
    NullType,
    TypeEngine,
)

from creditline.gate.lender import lend
from creditline.home.database import bound_spill

_TYPES: dict[str, type[TypeEngine[Any]]] = {
    kind.__name__: kind
    for kind in (BIGINT, BOOLEAN, DATE, DECIMAL, DOUBLE, FLOAT, INTEGER, NUMERIC, SMALLINT, TIMESTAMP, VARCHAR)
}
# PostgreSQL's operators look for a pattern anywhere in a value; DuckDB's `~` compares it with the whole value.
_SEARCHES = {"~": "", "!~": "not "}

# Connections that are open. Great Expectations keeps some of them in reference cycles, and a DuckDB file that one connection
# of a process holds for writing cannot be opened read-only by the next step.
opened: list[Any] = []


class _Compiler(PGCompiler):
    def visit_custom_op_binary(self, element: BinaryExpression[Any], operator: Any, **options: Any) -> str:
        if operator.opstring not in _SEARCHES:
            return str(super().visit_custom_op_binary(element, operator, **options))  # type: ignore[no-untyped-call]
        value, pattern = self.process(element.left, **options), self.process(element.right, **options)
        return f"{_SEARCHES[operator.opstring]}regexp_matches({value}, {pattern})"


class DescribingDialect(duckdb_engine.Dialect):
    """As duckdb-engine's, for a file that is opened within bounds; no primary key is told, because no suite asks for it."""

    supports_statement_cache = True
    statement_compiler = _Compiler

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """Open the file; `spill_limit` is how much may go to disk."""
        spill_limit = options.pop("spill_limit")
        connection = super().connect(*arguments, **options)
        opened.append(connection)
        connection.execute("set enable_progress_bar = false")
        bound_spill(connection, spill_limit)
        return connection

    def get_columns(
        self, connection: Any, table_name: str, schema: str | None = None, **options: Any
    ) -> list[ReflectedColumn]:
        """One entry a column of the table, in its order: name, nullable, default, type."""
        table = self.identifier_preparer.quote(table_name)
        described = connection.exec_driver_sql(f"describe {table}").fetchall()
        return [
            {"name": name, "nullable": nullable == "YES", "default": None, "type": _type_of(kind)}
            for name, kind, nullable, *_ in described
        ]

    def get_pk_constraint(
        self, connection: Any, table_name: str, schema: str | None = None, **options: Any
    ) -> ReflectedPrimaryKeyConstraint:
        """None."""
        return {"constrained_columns": [], "name": None}


class LentDialect(DescribingDialect):
    """The same on a connection that is open already (`gate.lender`)."""

    supports_statement_cache = True

    def connect(self, *arguments: Any, **options: Any) -> Any:
        """Another connection to the database of the lender that `lender` names."""
        return duckdb_engine.ConnectionWrapper(lend(options["lender"]))


def _type_of(kind: str) -> TypeEngine[Any]:
    return _TYPES.get(kind.partition("(")[0], NullType)()


dialect = DescribingDialect
