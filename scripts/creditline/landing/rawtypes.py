"""The columns of a raw Parquet file, derived from the landing contract (docs/explanation/architecture.md, "Raw columns")."""

from __future__ import annotations

from creditline.landing.contract import Column, Source

_DUCKDB_TYPE = {
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
_KEY_OF_ID = {
    "account_id": "account_key",
    "customer_id": "customer_key",
    "old_id": "old_key",
    "new_id": "new_key",
}


def raw_columns(source: Source) -> dict[str, str]:
    """Column name to DuckDB type, in the order in which a raw file holds them."""
    columns = {"business_date": "date", "batch_id": "varchar", "known_at": "timestamp", "source_row": "bigint"}
    for column in source.columns:
        columns[raw_name(column)] = "bigint" if column.name in _KEY_OF_ID else _DUCKDB_TYPE[column.type]
    if source.local_of:
        columns |= {"local_date": "date", "local_hour": "bigint"}
    return columns


def raw_name(column: Column) -> str:
    """The name under which raw holds a column of the contract: an id is a key there, or a token."""
    return _KEY_OF_ID.get(column.name, column.token or column.name)
