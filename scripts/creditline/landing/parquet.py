"""Parquet deliveries: the schema must have exactly the contract's types."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from creditline.home.database import path_to_read
from creditline.landing.contract import DeliveredSource, Source
from creditline.landing.files import FileRefused, PlainFile

_MAGIC = b"PAR1"
_SCHEMA = {
    "bool": {pa.bool_()},
    "integer": {pa.int64()},
    "money": {pa.decimal128(18, 2)},
    "rate": {pa.decimal128(9, 6)},
    "date": {pa.date32()},
    "timestamp": {pa.timestamp("us", "UTC")},
}
_TEXT = {pa.string(), pa.large_string()}


def check_parquet(plain: PlainFile, entry: DeliveredSource, source: Source) -> PlainFile:
    """Footer checks: readable, no more rows than announced, exactly the contract's columns and types.

    Raises: FileRefused.
    """
    with plain.path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise FileRefused(entry.file, "file_format", "does not begin as Parquet does", "deliver Parquet")
    try:
        with pq.ParquetFile(plain.path) as opened:
            rows, schema = opened.metadata.num_rows, opened.schema_arrow
    except (pa.ArrowException, OSError) as error:
        raise FileRefused(entry.file, "parquet", f"cannot be read ({str(error).splitlines()[0]})") from error
    if rows != entry.rows:
        raise FileRefused(entry.file, "row_count", f"the manifest says {entry.rows} rows, the footer {rows}")
    optional = [column.name for column in source.columns if column.optional and column.name in schema.names]
    expected = [*source.mandatory_columns, *optional]
    if sorted(schema.names) != sorted(expected):
        odd = sorted(set(schema.names) ^ set(expected)) or sorted(schema.names)
        raise FileRefused(
            entry.file,
            "header",
            f"{', '.join(odd)[:200]}: missing, unknown or doubled",
            "send the columns of the contract (docs/reference/landing.md)",
        )
    for field in schema:
        kinds = _SCHEMA.get(source.column(field.name).type, _TEXT)
        if field.type not in kinds:
            wanted = " or ".join(sorted(str(kind) for kind in kinds))
            raise FileRefused(
                entry.file,
                "column_type",
                f"{field.name} is {field.type}, {wanted} is expected",
                "cast it before you write it",
            )
    return replace(plain, columns=tuple(expected))


def land_parquet(
    connection: duckdb.DuckDBPyConnection, plain: PlainFile, entry: DeliveredSource, source: Source
) -> None:
    """Create the view `landed_<relation>` over the file: its columns have their types already, so nothing is copied."""
    columns = ", ".join(
        f"(\"{name}\" at time zone 'UTC') as {name}" if source.column(name).type == "timestamp" else f'"{name}"'
        for name in plain.columns
    )
    connection.execute(
        f"create or replace view landed_{entry.relation} as select file_row_number + 1 as source_row, {columns}"
        f" from read_parquet({path_to_read(plain.path)}, file_row_number = true, hive_partitioning = false)"
    )
