"""Checks, before anything is written, that the rows from a map's SQL have the shape of the contract."""

from __future__ import annotations

import re

import duckdb

from creditline.landing.contract import Column, contract
from creditline.mapping.definition import BrokenMap, Map

_INTEGER = "TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT"
# DuckDB types that become the contract's type without loss. Text is always accepted here: its type is checked when the
# delivery is accepted. DOUBLE is never accepted, because its last digits are inexact.
_LOSSLESS = {
    "id": re.compile(f"VARCHAR|{_INTEGER}"),
    "code": re.compile(f"VARCHAR|{_INTEGER}"),
    "text": re.compile(f"VARCHAR|{_INTEGER}"),
    "bool": re.compile("VARCHAR|BOOLEAN"),
    "integer": re.compile(f"VARCHAR|{_INTEGER}"),
    "money": re.compile(rf"VARCHAR|{_INTEGER}|DECIMAL\(\d+,[0-2]\)"),
    "rate": re.compile(rf"VARCHAR|{_INTEGER}|DECIMAL\(\d+,[0-6]\)"),
    "date": re.compile("VARCHAR|DATE"),
    "timestamp": re.compile("VARCHAR|TIMESTAMP( WITH TIME ZONE)?"),
}
_CAST_TO = {
    "id": "varchar",
    "code": "varchar",
    "text": "varchar",
    "bool": "boolean",
    "integer": "bigint",
    "money": "decimal(18, 2)",
    "rate": "decimal(9, 6)",
    "date": "date",
    "timestamp": "timestamp",
}


def check_shape(connection: duckdb.DuckDBPyConnection, map_: Map, source: str, relation: str) -> None:
    """Raises BrokenMap, naming the SQL file and the column, unless `relation` fits the landing source.

    Every mandatory column must be there, no column may be unknown, every type must become the contract's without loss,
    and every amount must be in the map's one currency.
    """
    file = map_.directory / f"{source}.sql"
    types = {row[0]: row[1] for row in connection.execute(f"describe {relation}").fetchall()}
    missing = [name for name in contract()[source].mandatory_columns if name not in types]
    if missing:
        raise BrokenMap(
            f"{file} gives no {', '.join(missing)}, which the contract asks of {source}; add it to the select"
        )
    known = {column.name: column for column in contract()[source].columns}
    unknown = [name for name in types if name not in known]
    if unknown:
        raise BrokenMap(
            f"{file} gives {', '.join(unknown)}, which {source} does not have; correct the name or take it out"
        )
    for name, delivered in types.items():
        _check_type(str(file), known[name], delivered)
    if "currency_code" in known:
        _check_currency(connection, map_, str(file), relation)


def _check_type(file: str, column: Column, delivered: str) -> None:
    if not _LOSSLESS[column.type].fullmatch(delivered):
        raise BrokenMap(
            f"{file}: {column.name} is {delivered}, which does not reach {column.type} without loss; "
            f"cast it to {_CAST_TO[column.type]} where it is read"
        )


def _check_currency(connection: duckdb.DuckDBPyConnection, map_: Map, file: str, relation: str) -> None:
    currency = map_.definition.home.currency
    other = connection.execute(
        f"select currency_code, count(*) from {relation} where currency_code is distinct from ? group by 1 order by 1",
        [currency],
    ).fetchone()
    if other:
        raise BrokenMap(
            f"{file}: currency_code is {other[0]} in {other[1]} rows, but a home has one currency, here {currency}; "
            f"keep other currencies out or give them a home of their own"
        )
