"""What a restatement changed, cell by cell, and the check that it changed only customers whom a late row concerns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from creditline.home.database import one_row, path_to_read, path_to_write
from creditline.publish.history import DIFFERENCE, DIFFERENCE_COLUMNS
from creditline.store.parquet import write_parquet

# Named instead of a column if a whole row was added or removed.
ROW = "(row)"


@dataclass(frozen=True)
class Compared:
    """One table of a night: `now` is the query of its rows as computed again, `before` of the published rows."""

    name: str
    key: tuple[str, ...]
    now: str
    before: Path


@dataclass(frozen=True)
class UnconcernedRow:
    """The first changed row of a customer whom no late row concerns."""

    table: str
    row_key: str


def lay_affected(connection: duckdb.DuckDBPyConnection, customers: Collection[int]) -> None:
    """Create `restated_customer`, the customers who may change, and a table of their accounts in snapshots within reach."""
    connection.register("given_customers", pa.table({"customer_key": pa.array(sorted(customers), pa.int64())}))
    connection.execute("create temporary table restated_customer as from given_customers")
    connection.unregister("given_customers")
    connection.execute(
        "create temporary table restated_account as"
        " select distinct account_key from (select account_key, customer_key from raw.account_snapshot"
        " union all select account_key, customer_key from raw.account_snapshot_history"
        " union all select account_key, customer_key from state.account)"
        " semi join restated_customer using (customer_key)"
    )
    columns = ", ".join(f"{name} {kind}" for name, kind in DIFFERENCE_COLUMNS.items())
    connection.execute(f"create temporary table {DIFFERENCE} ({columns})")


def note_difference(connection: duckdb.DuckDBPyConnection, table: Compared) -> int:
    """Compare one table and create `changed_row` with its changed rows. Returns: how many rows changed, on either side."""
    columns = _columns(connection, f"({table.now})")
    listed = ", ".join(columns)
    before = f"select {listed} from read_parquet({path_to_read(table.before)}, hive_partitioning = false)"
    now = f"select {listed} from ({table.now})"
    connection.execute(
        "create or replace temporary table changed_row as"
        f" (select true as is_before, * from ({before} except all {now}))"
        f" union all (select false, * from ({now} except all {before}))"
    )
    return int(one_row(connection.execute("select count(*) from changed_row"))[0])


def find_unconcerned(connection: duckdb.DuckDBPyConnection, table: Compared) -> UnconcernedRow | None:
    """The first changed row of a customer whom no late row concerns; none in a table that is not about customers."""
    columns = _columns(connection, "changed_row")
    persons = [
        f"coalesce({key} in (select {key} from {affected}), false)"
        for key, affected in (("customer_key", "restated_customer"), ("account_key", "restated_account"))
        if key in columns
    ]
    if not persons:
        return None
    row = connection.execute(
        f"select {_key_text(table.key)} from changed_row where not ({' or '.join(persons)})"
        f" order by {', '.join(table.key)} limit 1"
    ).fetchone()
    return UnconcernedRow(table.name, row[0]) if row else None


def note_cells(connection: duckdb.DuckDBPyConnection, business_date: date, table: Compared) -> None:
    """Add the cells of the changed rows to the difference of the night."""
    others = [name for name in _columns(connection, "changed_row") if name not in (*table.key, "is_before")]
    same_key = " and ".join(f"before.{name} is not distinct from after.{name}" for name in table.key)
    cells = [
        f"['{ROW}', case when before.is_before then 'a row' end, case when not after.is_before then 'a row' end]",
        *(f"['{name}', cast(before.{name} as varchar), cast(after.{name} as varchar)]" for name in others),
    ]
    keys = ", ".join(f"coalesce(before.{name}, after.{name}) as {name}" for name in table.key)
    connection.execute(
        f"insert into {DIFFERENCE}"
        f" select date '{business_date}', '{table.name}', row_key, cell[1], cell[2], cell[3] from ("
        f"select {_key_text(table.key)} as row_key, unnest(cells) as cell from ("
        f"select {keys}, [{', '.join(cells)}] as cells"
        " from (from changed_row where is_before) as before"
        f" full outer join (from changed_row where not is_before) as after on {same_key}))"
        " where cell[2] is distinct from cell[3]"
    )


def write_difference(connection: duckdb.DuckDBPyConnection, directory: Path) -> int:
    """Write the difference of the night as Parquet and CSV. Returns: how many cells differ."""
    query = f"select * from {DIFFERENCE} order by table_name, row_key, column_name"
    write_parquet(connection, query, directory / f"{DIFFERENCE}.parquet")
    table = path_to_write(directory / f"{DIFFERENCE}.csv")
    connection.execute(f"copy ({query}) to {table} (format csv, header true)")
    return int(one_row(connection.execute(f"select count(*) from {DIFFERENCE}"))[0])


def _columns(connection: duckdb.DuckDBPyConnection, rows: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe select * from {rows}").fetchall()]


def _key_text(key: tuple[str, ...]) -> str:
    """`account_key 7, step 2`: the key of a row in words."""
    return " || ', ' || ".join(f"'{name} ' || coalesce(cast({name} as varchar), '')" for name in key)
