"""Load the rows of a checked file into a temporary database, and compare its count and control totals.

An entry named R has `landed_R` (source_row, the delivered columns; text, or a view over Parquet) and `unread_R` (source_row,
raw_line, error: lines that are not rows of that many columns).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb

from creditline.home.database import one_row, path_to_read
from creditline.landing.contract import DeliveredSource, Source
from creditline.landing.files import MAX_LINE, FileRefused, PlainFile, check_file, check_unchanged
from creditline.landing.parquet import check_parquet, land_parquet
from creditline.landing.typing import amount

# DuckDB reports these for a line, but they are faults of the whole file.
_FATAL = {"LINE SIZE OVER MAXIMUM": f"holds a line longer than {MAX_LINE} bytes"}


def land(
    connection: duckdb.DuckDBPyConnection, directory: Path, entry: DeliveredSource, source: Source, scratch: Path
) -> PlainFile:
    """Check one file and land its rows.

    Args:
        directory: the delivery.
        scratch: an existing folder for what must be unpacked.

    Raises: FileRefused.
    """
    plain = check_file(directory, entry, source, scratch)
    connection.execute(
        f"create or replace table unread_{entry.relation} (source_row bigint, raw_line varchar, error varchar)"
    )
    if entry.is_typed:
        plain = check_parquet(plain, entry, source)
        land_parquet(connection, plain, entry, source)
    else:
        _land_csv(connection, plain, entry)
    check_unchanged(directory / entry.file, entry.file, plain.identity)
    return plain


@contextmanager
def reading(entry: DeliveredSource) -> Iterator[None]:
    """Refuse the file if DuckDB cannot decode it later: Parquet pages are read only when needed.

    Raises: FileRefused.
    """
    try:
        yield
    except duckdb.Error as error:
        # Undecodable bytes raise these two; anything else is a fault of the machine or of this package.
        if not isinstance(error, duckdb.InvalidInputException) and type(error) is not duckdb.Error:
            raise
        what = " ".join(str(error).split())[:200]
        raise FileRefused(entry.file, "unreadable", f"cannot be decoded ({what})") from error


def check_counts(connection: duckdb.DuckDBPyConnection, entry: DeliveredSource, source: Source) -> int:
    """Check that rows and control totals are those of the manifest. Returns: how many lines are not rows.

    A total is the sum of the cells that fit the contract's type. The rest of the stated total belongs to cells that do not
    fit and to lines that are not rows. If there are none of either, both must be equal.

    Raises: FileRefused.
    """
    landed, unread = one_row(
        connection.execute(
            f"select (select count(*) from landed_{entry.relation}), (select count(*) from unread_{entry.relation})"
        )
    )
    if landed + unread != entry.rows:
        raise FileRefused(
            entry.file, "row_count", f"the manifest says {entry.rows} rows, the file has {landed + unread}"
        )
    if entry.rows == 0 and source.kind == "full" and source.required:
        raise FileRefused(entry.file, "empty_snapshot", "is a full snapshot without a row")
    if sorted(source.totals) != sorted(entry.totals):
        raise FileRefused(
            entry.file,
            "totals",
            f"the manifest states totals of {', '.join(sorted(entry.totals)) or 'nothing'},"
            f" the contract wants {', '.join(source.totals) or 'none'}",
            "state exactly these",
        )
    for name, (total, strange) in _landed_totals(connection, entry, source).items():
        if not unread and not strange and total != entry.totals[name]:
            raise FileRefused(entry.file, "totals", f"{name} sums to {total}, the manifest says {entry.totals[name]}")
    return int(unread)


def _landed_totals(
    connection: duckdb.DuckDBPyConnection, entry: DeliveredSource, source: Source
) -> dict[str, tuple[Decimal, int]]:
    """By column: the sum of its amounts, and how many cells are not amounts."""
    if not source.totals:
        return {}
    sums = ", ".join(
        f'coalesce(sum({amount(name, is_typed=entry.is_typed)}), 0), count("{name}") - count({amount(name, is_typed=entry.is_typed)})'
        for name in source.totals
    )
    values = one_row(connection.execute(f"select {sums} from landed_{entry.relation}"))
    return dict(zip(source.totals, zip(values[::2], values[1::2], strict=True), strict=True))


def _land_csv(connection: duckdb.DuckDBPyConnection, plain: PlainFile, entry: DeliveredSource) -> None:
    columns = ", ".join(f"'{name}': 'varchar'" for name in plain.columns)
    connection.execute("drop table if exists rejected")
    connection.execute("drop table if exists rejected_scan")
    try:
        connection.execute(
            f"create or replace table landed_{entry.relation} as select row_number() over () as source_row, *"
            f" from read_csv({path_to_read(plain.path)}, columns = {{{columns}}}, auto_detect = false, header = true,"
            " delim = ',', quote = '\"', escape = '\"', comment = '', strict_mode = true, null_padding = false,"
            f" max_line_size = {MAX_LINE}, store_rejects = true, rejects_limit = 0,"
            " rejects_table = 'rejected', rejects_scan = 'rejected_scan')"
        )
    except duckdb.Error as error:
        what = " ".join(str(error).split())[:200]
        raise FileRefused(entry.file, "unreadable", what, "write it as RFC 4180 CSV in UTF-8") from error
    _keep_unread(connection, entry)


def _keep_unread(connection: duckdb.DuckDBPyConnection, entry: DeliveredSource) -> None:
    """Move rejected lines to `unread_`, and give every row its original number in the file."""
    rejected = connection.execute(
        "select line - 1, any_value(csv_line), any_value(error_type)::varchar from rejected group by line order by line"
    ).fetchall()
    for _, _, error in rejected:
        if error in _FATAL:
            raise FileRefused(entry.file, "line_length", _FATAL[error], "close the quote, or leave out the row")
    for row, _, _ in rejected:
        connection.execute(
            f"update landed_{entry.relation} set source_row = source_row + 1 where source_row >= ?", [row]
        )
    if rejected:
        connection.executemany(f"insert into unread_{entry.relation} values (?, ?, ?)", rejected)
