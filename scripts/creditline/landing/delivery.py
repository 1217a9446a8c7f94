"""Write a delivery: landing files with their manifest, as a source system would.

`simulate` and `import` call this; the warehouse itself only reads deliveries.
"""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from creditline.home import INTRADAY
from creditline.home.database import one_row, path_to_write
from creditline.home.files import Json, clear_directory, move_into_place, move_tree_into_place, sha256_of
from creditline.landing.contract import MANIFEST_FILE, Column, contract, contract_version

# How a typed column is spelt in a CSV file of the contract; %s is the column's name.
_CSV_SPELLING = {
    "money": "cast(cast(%s as decimal(18, 2)) as varchar)",
    "rate": "cast(cast(%s as decimal(9, 6)) as varchar)",
    "integer": "cast(cast(%s as bigint) as varchar)",
    "bool": "cast(cast(%s as boolean) as varchar)",
    "date": "strftime(cast(%s as date), '%%Y-%%m-%%d')",
    "timestamp": "strftime(cast(%s as timestamp), '%%Y-%%m-%%dT%%H:%%M:%%SZ')",
}
_PARQUET_TYPE = {
    "money": "decimal(18, 2)",
    "rate": "decimal(9, 6)",
    "integer": "bigint",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamptz",
}


@dataclass(frozen=True)
class DeliveredTable:
    """One source of a delivery: the name of a relation on the connection that holds its rows.

    The relation has the contract's columns (optional ones may be absent), in any order; rows are written sorted by
    the source's key. Columns may be of any type that casts to the contract's; in a CSV file a text column is written
    unchanged, so that a row may break the contract on purpose. A relation that is `in_order` is written in its own order,
    for which the caller is responsible.
    """

    source: str
    relation: str
    coverage_from: date | None = None
    corrects_business_date: date | None = None
    in_order: bool = False


def write_delivery(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    *,
    feed: str,
    business_date: date,
    sequence: int,
    delivered_at: datetime,
    cutoff_at: datetime,
    tables: list[DeliveredTable],
    file_format: str = "csv",
    at: str | None = None,
) -> Path:
    """Write `landing/<business_date>/` with one file for each source and its manifest, as a whole or not at all.

    A folder that already holds deliveries between nights is filled file by file, the manifest last.

    Args:
        connection: holds the relations named in `tables`; its session time zone must be UTC.
        delivered_at, cutoff_at: naive UTC.
        file_format: csv, csv.gz or parquet, for all files of the delivery.
        at: local time HHMM of a delivery between nights, which goes to `landing/<business_date>/intraday/<at>/`.

    Returns: the delivery's folder. The same rows give the same bytes.
    """
    target = landing / business_date.isoformat() / (f"{INTRADAY}/{at}" if at else "")
    staged = clear_directory(landing / f".{business_date.isoformat()}.partial")
    entries = [_write_table(connection, staged, table, file_format) for table in tables]
    manifest = {
        "contract_version": contract_version(),
        "feed": feed,
        "business_date": business_date.isoformat(),
        "sequence": sequence,
        "delivered_at": f"{delivered_at.isoformat()}Z",
        "cutoff_at": f"{cutoff_at.isoformat()}Z",
        "sources": entries,
    }
    (staged / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n")
    if target.is_dir() and os.listdir(target) == [INTRADAY]:
        for path in sorted(staged.iterdir(), key=lambda path: (path.name == MANIFEST_FILE, path.name)):
            move_into_place(path, target / path.name)
        staged.rmdir()
    else:
        move_tree_into_place(staged, target)
    return target


def _write_table(
    connection: duckdb.DuckDBPyConnection, directory: Path, table: DeliveredTable, file_format: str
) -> Json:
    source = contract()[table.source]
    types = {row[0]: row[1] for row in connection.execute(f"describe {table.relation}").fetchall()}
    columns = [column for column in source.columns if column.name in types or not column.optional]
    is_parquet = file_format == "parquet"
    spelt = [_spelling(column, types[column.name], is_parquet) for column in columns]
    order = "" if table.in_order else f" order by {', '.join(source.key)}"
    rows = f"select {', '.join(spelt)} from {table.relation}{order}"

    path = directory / f"{table.source}.{file_format}"
    plain = path.with_suffix("") if file_format == "csv.gz" else path
    # The default page layout of DuckDB's writer does not depend on threads once the order is fixed.
    option = "format parquet, compression zstd" if is_parquet else "format csv, header true, delimiter ','"
    connection.execute(f"copy ({rows}) to {path_to_write(plain)} ({option})")
    if file_format == "csv.gz":
        path.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
        plain.unlink()

    sums = "".join(f", coalesce(sum({_amount(name)}), 0)::decimal(38, 2)::varchar" for name in source.totals)
    counted = one_row(connection.execute(f"select count(*){sums} from {table.relation}"))
    entry: Json = {
        "source": table.source,
        "file": path.name,
        "format": file_format,
        "rows": counted[0],
        "sha256": sha256_of(path),
        "totals": dict(zip(source.totals, counted[1:], strict=True)),
    }
    if table.coverage_from:
        entry["coverage_from"] = table.coverage_from.isoformat()
    if table.corrects_business_date:
        entry["corrects_business_date"] = table.corrects_business_date.isoformat()
    return entry


def _amount(column: str) -> str:
    """SQL of an amount that may be text; null if it is not a number.

    The narrow decimal is tried first: a cast of text to the wide one alone takes 200 times as long.
    """
    return f"coalesce(try_cast({column} as decimal(18, 6)), try_cast({column} as decimal(38, 6)))"


def text_of(column: Column, expression: str | None = None) -> str:
    """SQL that writes a typed value as CSV files of the contract spell it.

    Args:
        expression: the SQL of the value; the column of the contract's name unless told.
    """
    return _CSV_SPELLING.get(column.type, "cast(%s as varchar)") % (expression or column.name)


def _spelling(column: Column, delivered_type: str, is_parquet: bool) -> str:
    if is_parquet:
        return f"cast({column.name} as {_PARQUET_TYPE.get(column.type, 'varchar')}) as {column.name}"
    if delivered_type == "VARCHAR":
        return column.name
    return f"{text_of(column)} as {column.name}"
