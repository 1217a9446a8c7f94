"""Parquet deliveries: the schema must be the contract's to the type; rows then go the same way as CSV rows."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from creditline.landing.contract import DeliveredSource, Source
from creditline.landing.files import FileRefused, PlainFile

_SCHEMA = {
    "bool": {pa.bool_()},
    "integer": {pa.int64()},
    "money": {pa.decimal128(18, 2)},
    "rate": {pa.decimal128(9, 6)},
    "date": {pa.date32()},
    "timestamp": {pa.timestamp("us", "UTC")},
}
_TEXT = {pa.string(), pa.large_string()}
_AS_TEXT = {
    "date": "strftime({name}, '%Y-%m-%d')",
    "timestamp": "strftime({name} at time zone 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')",
}


def check_parquet(plain: PlainFile, entry: DeliveredSource, source: Source) -> PlainFile:
    """Footer checks: readable, no more rows than announced, exactly the contract's columns and types.

    Raises: FileRefused.
    """
    try:
        footer = pq.ParquetFile(plain.path)
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(entry.file, "parquet", f"cannot be read ({str(error).splitlines()[0]})") from error
    if footer.metadata.num_rows != entry.rows:
        raise FileRefused(
            entry.file, "row_count", f"the manifest says {entry.rows} rows, the footer {footer.metadata.num_rows}"
        )
    schema = footer.schema_arrow
    optional = [column.name for column in source.columns if column.optional and column.name in schema.names]
    if sorted(schema.names) != sorted([*source.mandatory_columns, *optional]):
        raise FileRefused(
            entry.file,
            "header",
            f"columns are {', '.join(schema.names)}",
            "send the contract's columns (docs/landing.md)",
        )
    for field in schema:
        expected = _SCHEMA.get(source.column(field.name).type, _TEXT)
        if field.type not in expected:
            wanted = " or ".join(sorted(str(kind) for kind in expected))
            raise FileRefused(entry.file, "column_type", f"{field.name} is {field.type}, {wanted} is expected")
    return replace(plain, columns=tuple(column.name for column in source.columns if column.name in schema.names))


def parquet_as_text(
    connection: duckdb.DuckDBPyConnection, plain: PlainFile, entry: DeliveredSource, source: Source
) -> None:
    """Land the rows in `landed_<source>` as text, so that the same rules judge both formats."""
    spelt = ", ".join(
        f"cast({_AS_TEXT.get(source.column(name).type, '{name}').format(name=name)} as varchar) as {name}"
        for name in plain.columns
    )
    connection.execute(
        f"create or replace table landed_{entry.source} as select file_row_number + 1 as source_row, {spelt}"
        f" from read_parquet('{plain.path}', file_row_number = true, hive_partitioning = false)"
    )
    connection.execute(
        f"create or replace table unread_{entry.source} (line bigint, raw_line varchar, error_type varchar)"
    )
