"""What really happened, kept apart from what the sources say: `landing/truth/`, which the warehouse never reads."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditline.home.files import write_file
from creditline.simulate.bad_rows import BadRow
from creditline.simulate.calendar import NEVER, as_date, maintenance_window
from creditline.simulate.causes import CODE, MAINTENANCE_WINDOW, NAMES
from creditline.simulate.tables import account_id, customer_id, day
from creditline.simulate.world import World

# Causes that concern one account: it is always the customer's first.
_OF_ONE_ACCOUNT = ("blip", "early_repay_redraw", "appeal")


def write_truth(connection: duckdb.DuckDBPyConnection, directory: Path, world: World, bad: Sequence[BadRow]) -> None:
    """Write the truth up to tonight: cause, maintenance_window, bad_row and opening_balance, as Parquet."""
    tables = {
        "cause": _causes(connection, world),
        "maintenance_window": _windows(world),
        "bad_row": _bad_rows(bad),
        "opening_balance": _opening_balances(connection, world),
    }
    for name, table in tables.items():
        content = io.BytesIO()
        pq.write_table(table, content, compression="zstd")
        write_file(directory / f"{name}.parquet", content.getvalue())


def _causes(connection: duckdb.DuckDBPyConnection, world: World) -> pa.Table:
    """customer_id (null: everybody), account_id (null: all of the customer's), cause, start_date, end_date (null: open)."""
    begun = world.strikes.start <= world.day
    code = world.strikes.code[begun]
    struck = pa.table(
        {
            "customer": world.strikes.customer[begun],
            "has_account": np.isin(code, [CODE[name] for name in _OF_ONE_ACCOUNT]),
            "cause": pa.array(np.array(NAMES)[code]),
            "first": world.strikes.start[begun],
            "last": world.strikes.end[begun],
        }
    )
    window_dates = _windows(world)["window_date"]
    windows = pa.table({"start_date": window_dates, "end_date": window_dates})
    connection.register("struck", struck)
    connection.register("windows", windows)
    return connection.execute(f"""
        select {customer_id("customer")} as customer_id, case when has_account then {account_id("customer")} end as account_id,
            cause, {day("first")} as start_date, case when last < {NEVER} then {day("last")} end as end_date
        from struck
        union all
        select null, null, '{MAINTENANCE_WINDOW}', start_date, end_date from windows
        order by start_date, cause, customer_id
    """).to_arrow_table()


def _windows(world: World) -> pa.Table:
    days = range(world.book.world_start, world.day + 1)
    found = [window for window in (maintenance_window(number, world.book.anchor) for number in days) if window]
    return pa.table(
        {
            "window_date": pa.array([as_date(window.day) for window in found], pa.date32()),
            "from_hour": pa.array([window.from_hour for window in found], pa.int64()),
            "to_hour": pa.array([window.to_hour for window in found], pa.int64()),
        }
    )


def _bad_rows(bad: Sequence[BadRow]) -> pa.Table:
    names = [field.name for field in fields(BadRow)]
    types = [pa.date32(), *[pa.string()] * (len(names) - 1)]
    columns = list(zip(*map(astuple, bad), strict=True)) or [() for _ in names]
    return pa.table({name: pa.array(cells, kind) for name, cells, kind in zip(names, columns, types, strict=True)})


def _opening_balances(connection: duckdb.DuckDBPyConnection, world: World) -> pa.Table:
    """What each account owed before the first day of history; movements lead from this balance to the snapshots."""
    connection.register(
        "opening", pa.table({"account": np.arange(world.population.accounts), "fen": world.opening_principal})
    )
    return connection.execute(f"""
        select {account_id("account")} as account_id, cast(cast(fen as decimal(17, 0)) * 0.01 as decimal(18, 2)) as principal_balance
        from opening order by account_id
    """).to_arrow_table()
