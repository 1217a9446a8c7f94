"""Which orders of a published night may leave: the mode of each slice, and the checks that always apply."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.identity import attach_identity
from creditline.home import Home
from creditline.home.database import one_row, path_to_read
from creditline.home.publications import published_mart
from creditline.release.golive import PackRecord, what_is_missing
from creditline.release.modes import Modes


class ReleaseRefused(CreditlineError):
    """Orders may not leave; says which rule forbids it and what to do."""


def lay_orders(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    night: date,
    mart: str,
    modes: Modes,
    may_leave: Callable[[str], bool],
) -> tuple[int, int]:
    """Create `release_order`, the rows of a published mart of orders that may leave, and `slice_mode` (`choose_orders`).

    Raises:
        NotGenuine: the night's manifest or a mart of it is not what this home published.
    """
    lay_marts(connection, home, night, (mart, "fct_limit_decision", "dim_policy"))
    return choose_orders(connection, home, mart, modes, may_leave)


def lay_marts(connection: duckdb.DuckDBPyConnection, home: Home, night: date, marts: tuple[str, ...]) -> None:
    """Create views of a night's first published marts under their names. Raises NotGenuine."""
    for table in marts:
        connection.execute(
            f"create view {table} as from read_parquet({path_to_read(published_mart(home, night, table))})"
        )


def choose_orders(
    connection: duckdb.DuckDBPyConnection, home: Home, orders: str, modes: Modes, may_leave: Callable[[str], bool]
) -> tuple[int, int]:
    """Create `release_order`, the rows of a relation of orders that may leave, with the core's ids, and `slice_mode`.

    Args:
        orders: a relation like fct_security_order; fct_limit_decision must be there, too.
        may_leave: whether the orders of a slice may leave, whatever its mode.

    Returns: how many may leave, and how many the night decided.
    """
    attach_identity(connection, home)
    slices = [row[0] for row in connection.execute("select distinct slice_code from fct_limit_decision").fetchall()]
    connection.execute("create table slice_mode (slice_code varchar, share_percent integer, is_leaving boolean)")
    connection.executemany(
        "insert into slice_mode values (?, ?, ?)",
        [[name, modes.share_percent(name), may_leave(name)] for name in slices],
    )
    connection.execute(
        "create table release_order as"
        " select orders.*, account.account_id"
        f" from {orders} as orders"
        " inner join slice_mode on orders.slice_code = slice_mode.slice_code and slice_mode.is_leaving"
        " inner join identity.account using (account_key)"
        f" where {is_in_share('orders.customer_key', 'slice_mode.share_percent')}"
    )
    return tuple(one_row(connection.execute(f"select count(*) from {table}"))[0] for table in ("release_order", orders))


def is_in_share(customer_key: str, share_percent: str) -> str:
    """SQL: whether a customer is in a share. The key decides, so nobody leaves the share while a ramp grows."""
    return f"('0x' || left(sha256({customer_key}::varchar), 8))::bigint % 100 < {share_percent}"


def leave_out_expired(connection: duckdb.DuckDBPyConnection, now: datetime) -> int:
    """Delete the orders from `release_order` that the core would reject by now. Returns how many."""
    return int(one_row(connection.execute("delete from release_order where expires_at <= ?", [now]))[0])


def has_live_slice(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the mode of any slice lets orders leave."""
    return bool(one_row(connection.execute("select count(*) from slice_mode where share_percent > 0"))[0])


def modes_in_force(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The share of customers for whom orders may leave, in percent, by slice."""
    return dict(connection.execute("select slice_code, share_percent from slice_mode order by slice_code").fetchall())


def refuse_orders(
    connection: duckdb.DuckDBPyConnection, home: Home, business_date: date, *, asks_validation: bool = True
) -> None:
    """Raise ReleaseRefused if a pack or key forbids these orders, or if one is not a decision of the night.

    Args:
        asks_validation: False for orders that protect a customer, which need no validation record.
    """
    _refuse_not_ready(connection, home, business_date, asks_validation)
    _refuse_undecided(connection)


def refuse_moves(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> None:
    """Raise ReleaseRefused for orders of a demo pack or under demo keys in a home that is not a demo, and for a freeze or
    restore that moves a limit or whose account is not in the publication."""
    _refuse_not_ready(connection, home, business_date, asks_validation=False)
    row = connection.execute(
        "select orders.adjustment_id from release_order as orders"
        " left join fct_limit_decision as decisions on orders.account_key = decisions.account_key"
        " where decisions.account_key is null or orders.new_limit_amount is distinct from orders.old_limit_amount limit 1"
    ).fetchone()
    if row:
        raise ReleaseRefused(
            f"order {row[0]} is not a freeze or restore of a published account; nothing left: report it"
        )


def _refuse_not_ready(
    connection: duckdb.DuckDBPyConnection, home: Home, business_date: date, asks_validation: bool
) -> None:
    packs = connection.execute(
        "select pack, is_demo, validator, validation_due_date from dim_policy"
        " where policy_version in (select policy_version from release_order) order by pack"
    ).fetchall()
    missing = what_is_missing(home, (PackRecord(*row) for row in packs), business_date, asks_validation=asks_validation)
    if missing:
        raise ReleaseRefused("; ".join(missing))


def _refuse_undecided(connection: duckdb.DuckDBPyConnection) -> None:
    """An order must be a decision of the build: same account, same limit, same hash."""
    row = connection.execute(
        "select orders.adjustment_id from release_order as orders"
        " left join fct_limit_decision as decisions"
        " on orders.account_key = decisions.account_key"
        " and orders.new_limit_amount = decisions.recommended_limit_amount"
        " and orders.old_limit_amount = decisions.old_limit_amount"
        " and orders.decision_sha256 = decisions.decision_sha256"
        " where decisions.account_key is null limit 1"
    ).fetchone()
    if row:
        raise ReleaseRefused(
            f"order {row[0]} is not a decision of this night, so the publication cannot be trusted; run `creditline replay`"
        )
