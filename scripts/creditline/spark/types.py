"""The Spark types for the few DuckDB types that a home uses."""

from __future__ import annotations

import re

_TYPES = {
    "bigint": "bigint",
    "boolean": "boolean",
    "date": "date",
    "integer": "int",
    "timestamp": "timestamp_ntz",
    "varchar": "string",
}
_DECIMAL = re.compile(r"decimal\(\d+, ?\d+\)")


def spark_type(duckdb_type: str) -> str:
    """The Spark type that holds the same values.

    Raises:
        KeyError: a home does not use this type.
    """
    kind = duckdb_type.lower()
    if kind.endswith("[]"):
        return f"array<{spark_type(kind[:-2])}>"
    return kind if _DECIMAL.fullmatch(kind) else _TYPES[kind]
