"""Compare the published and the replayed table row by row, and find the first cell that differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from creditline.home.database import Row, one_row, path_to_read

# Shown instead of a value if a whole row is on one side only.
NO_ROW = "no row"


@dataclass(frozen=True)
class Difference:
    """The first cell of a table that differs; `rows` is how many keys of the table do."""

    table: str
    key: str
    column: str
    published: str
    replayed: str
    rows: int

    def __str__(self) -> str:
        where = f"{self.table}, {self.key}" if self.key else self.table
        return f"{where}, column {self.column}: published {self.published}, replayed {self.replayed}"


def compare(
    connection: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...], replayed: str, published: Path
) -> Difference | None:
    """Compare the rows of a query with a published Parquet file; None if they are the same rows of the same types."""
    then, now = f"read_parquet({path_to_read(published)}, hive_partitioning = false)", f"({replayed})"
    columns = _columns(connection, now)
    difference = _column_difference(table, _columns(connection, then), columns)
    if difference:
        return difference
    listed = ", ".join(columns)
    connection.execute(
        "create or replace temporary table difference as"
        f" (select true as is_published, * from (select {listed} from {then} except all select {listed} from {now}))"
        f" union all (select false, * from (select {listed} from {now} except all select {listed} from {then}))"
    )
    keys = ", ".join(key)
    rows = one_row(connection.execute(f"select count(*) from (select distinct {keys} from difference)"))[0]
    if not rows:
        return None
    first = connection.execute(
        f"select * from difference order by {keys}, is_published desc, {listed} limit 2"
    ).fetchall()
    return _cell_difference(table, key, list(columns), first, rows)


def _columns(connection: duckdb.DuckDBPyConnection, rows: str) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(f"describe select * from {rows}").fetchall()}


def _column_difference(table: str, then: dict[str, str], now: dict[str, str]) -> Difference | None:
    for column in {**then, **now}:
        if then.get(column) != now.get(column):
            return Difference(table, "", column, then.get(column, "no column"), now.get(column, "no column"), 0)
    return None


def _cell_difference(table: str, key: tuple[str, ...], columns: list[str], first: list[Row], rows: int) -> Difference:
    cells = [dict(zip(columns, row[1:], strict=True)) for row in first]
    place = ", ".join(f"{name} {cells[0][name]}" for name in key)
    is_pair = len(cells) == 2 and first[0][0] != first[1][0] and all(cells[0][name] == cells[1][name] for name in key)
    if not is_pair:
        sides = ("a row", NO_ROW) if first[0][0] else (NO_ROW, "a row")
        return Difference(table, place, key[-1], *sides, rows)
    column = next(name for name in columns if cells[0][name] != cells[1][name])
    return Difference(table, place, column, str(cells[0][column]), str(cells[1][column]), rows)
