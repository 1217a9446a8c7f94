"""What the core knows of a published decision: whether its order left, or why not, and whether a freeze is in force.

No mart of the night could say it: modes, approvals, releases and watches come after the night, until the instant of the question.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from creditline.home import Home
from creditline.home.database import as_pattern, connect_within, one_row, path_to_read
from creditline.home.files import Json
from creditline.home.publications import published_mart
from creditline.home.releases import kept_orders, records_since
from creditline.home.restatements import is_overtaken
from creditline.release.clock import instant
from creditline.release.feed import ADJUSTMENTS, SECURITY, records_of, slices_that_left
from creditline.release.holds import is_approved, read_holds
from creditline.release.modes import modes_of_night
from creditline.release.orders import is_in_share
from creditline.store.rows import LimitDecision

# Longer than any freeze with its extensions. For an account that is frozen or restored tonight the order may be older: a legal
# hold has no end.
_LONGEST_FREEZE = timedelta(days=31)
# The mart of the orders that a night decided.
_CALLED_FOR = {ADJUSTMENTS: "fct_limit_adjustment", SECURITY: "fct_security_order"}


@dataclass(frozen=True)
class Told:
    """What the core knows of one account's decision.

    `mode`: the mode that stops all orders about the customer: observe, paused or ramp (outside its share); else None.
    `withheld`: why the decision was not ordered: one of these modes, held, frozen (by a watch, before the order left),
    waiting (for its release), expired (it was too late to leave), or unordered (the reason is no longer known). None if the
    order left or there is nothing to order.
    `is_frozen`: the core has a freeze that we ordered.
    """

    mode: str | None
    withheld: str | None
    is_frozen: bool


def told_core(home: Home, decision: LimitDecision, *, is_today: bool) -> Told:
    """What the core knows because of a row of `fct_limit_decision`, either as of its night or as of today, with the orders of
    watches since then. Why an order of an earlier night did not leave is known only if that night's releases recorded it."""
    with connect_within(home) as connection:
        mode = _mode(connection, home, decision)
        is_frozen = _is_frozen(connection, home, decision, is_today)
        withheld = _withheld(connection, home, decision, mode, is_frozen)
    return Told(mode, withheld, is_frozen)


def _withheld(
    connection: duckdb.DuckDBPyConnection, home: Home, decision: LimitDecision, mode: str | None, is_frozen: bool
) -> str | None:
    action, is_frozen_by_decision = decision["action"], decision["display_state"] == "FROZEN_SECURITY"
    if action == "HOLD":
        if is_frozen_by_decision and not is_frozen:
            return mode or "unordered"
        return mode if decision["is_pending"] else None
    feed = SECURITY if action in ("FREEZE", "RESTORE") else ADJUSTMENTS
    # a watch may have ordered already what the night would have ordered
    is_done = feed == SECURITY and mode is None and is_frozen == is_frozen_by_decision
    if is_done or _has_left(connection, home, decision, feed):
        return None
    return mode or _why_behind(connection, home, decision, feed, is_frozen)


def _mode(connection: duckdb.DuckDBPyConnection, home: Home, decision: LimitDecision) -> str | None:
    """The mode that stops orders about the customer: on the newest night the mode of now, else the recorded one."""
    night, slice_code = decision["business_date"], decision["slice_code"]
    if _is_newest(home, night):
        modes = modes_of_night(home, night)
        name, share = modes.of(slice_code), modes.share_percent(slice_code)
    else:
        records = records_of(home, ADJUSTMENTS, night) + records_of(home, SECURITY, night)
        share = max((record["modes"].get(slice_code, 0) for record in records), default=0)
        name = "unordered"
    if not share:
        return name
    query = f"select {is_in_share('$key', '$share')}"
    is_among = one_row(connection.execute(query, {"key": decision["customer_key"], "share": share}))[0]
    return None if is_among else "ramp"


def _is_newest(home: Home, night: date) -> bool:
    return night == max(home.published_dates())


def _has_left(connection: duckdb.DuckDBPyConnection, home: Home, decision: LimitDecision, feed: str) -> bool:
    files = _files(home, records_of(home, feed, decision["business_date"]))
    if not files:
        return False
    query = "select count(*) from read_parquet(?, union_by_name = true) where account_key = ? and action = ?"
    return bool(one_row(connection.execute(query, [files, decision["account_key"], decision["action"]]))[0])


def _why_behind(
    connection: duckdb.DuckDBPyConnection, home: Home, decision: LimitDecision, feed: str, is_frozen: bool
) -> str:
    """Why the order did not leave, although the mode allows orders about the customer."""
    night, slice_code = decision["business_date"], decision["slice_code"]
    records = records_of(home, feed, night)
    is_over = _is_over(connection, home, decision, feed)
    if feed == ADJUSTMENTS:
        hold = read_holds(home, night).get(slice_code)
        if hold and not is_approved(home, night, hold):
            return "held"
        if slice_code in slices_that_left(records) and (is_frozen or not is_over):
            return "frozen"
    if not _is_newest(home, night) or is_overtaken(home, night):
        return "expired" if any(record.get("expired") for record in records) else "unordered"
    return "expired" if is_over else "waiting"


def _is_over(connection: duckdb.DuckDBPyConnection, home: Home, decision: LimitDecision, feed: str) -> bool:
    """Whether the core would reject the night's order about an account by now."""
    file = published_mart(home, decision["business_date"], _CALLED_FOR[feed])
    query = f"select count(*) from read_parquet({path_to_read(file)}) where account_key = ? and expires_at <= ?"
    return bool(one_row(connection.execute(query, [decision["account_key"], instant(home)]))[0])


def _is_frozen(connection: duckdb.DuckDBPyConnection, home: Home, decision: LimitDecision, is_today: bool) -> bool:
    """Whether the last order about the account is a freeze that the core has not ended by itself."""
    night = decision["business_date"]
    is_concerned = decision["display_state"] == "FROZEN_SECURITY" or decision["action"] == "RESTORE"
    first = date.min + _LONGEST_FREEZE if is_concerned else night - _LONGEST_FREEZE
    records = records_since(home, SECURITY, first)
    files = _files(home, (one for one in records if is_today or one["business_date"] <= str(night)))
    if not files:
        return False
    return bool(
        one_row(
            connection.execute(
                "select max_by(action = 'FREEZE' and coalesce(expires_at > ?, true), sequence)"
                " from read_parquet(?, union_by_name = true) where account_key = ?",
                [home.cut_off_at(night), files, decision["account_key"]],
            )
        )[0]
    )


def _files(home: Home, records: Iterable[Json]) -> list[str]:
    return [as_pattern(kept_orders(home, record)) for record in records]
