"""The limit-adjustment file: the orders that leave for the core because of a published night."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.files import Json
from creditline.home.publications import publication_directory
from creditline.home.restatements import is_overtaken
from creditline.home.turns import security_turn
from creditline.release.clock import instant
from creditline.release.feed import ADJUSTMENTS, records_of, settle_interrupted, slices_that_left, write_orders
from creditline.release.holds import Hold, is_approved, read_holds
from creditline.release.modes import Modes, modes_of_night
from creditline.release.orders import (
    ReleaseRefused,
    has_live_slice,
    lay_orders,
    leave_out_expired,
    modes_in_force,
    refuse_orders,
)
from creditline.release.security import leave_out_frozen

FEED = ADJUSTMENTS


@dataclass(frozen=True)
class Release:
    """What a release did. `file` is None if no slice's orders may leave, and `reason` says why.

    `held` names each slice whose orders wait for two people, with the reason and the time until which they may approve.
    `expired` counts those of the `withheld` orders that the core would have rejected at that instant.
    """

    business_date: date
    file: Path | None
    sequence: int | None
    orders: int
    withheld: int
    reason: str
    is_new: bool
    expired: int = 0
    held: tuple[str, ...] = ()


def release(home: Home, business_date: date) -> Release:
    """Write the orders of one published night for slices that are live or ramped, once.

    Orders of a slice that the breaker holds wait until two people approve them. Orders of a slice whose mode forbids them wait
    until the mode changes. Both then follow in another file, as long as the night is the newest.
    After a kill at any instruction the orders have left and are recorded, or none has left: see `settle_interrupted`.
    Modes and approvals are read now, and again before the control file makes the orders valid. An order whose `expires_at`
    has passed now never leaves. Nor does one that was decided on a night that two people declared void since.

    Raises:
        ReleaseRefused: the night is not published or not the newest, a condition for orders is not met (`golive`), an order
            is not one of the night's decisions, or a mode or an answer changed while the file was written.
        HomeBusy: a watch held the lock for minutes.
    """
    settle_interrupted(home, FEED)
    if not publication_directory(home, business_date).is_dir():
        raise ReleaseRefused(f"night {business_date} is not published; run `creditline night --date {business_date}`")
    earlier = records_of(home, FEED, business_date)
    permit = _may_leave(home, business_date)
    if is_overtaken(home, business_date):
        if earlier:
            return _released_before(home, business_date, earlier[-1], permit)
        reason = "it was decided on a night that was declared void since; the next night decides anew"
        return Release(business_date, None, None, 0, 0, reason, is_new=False)
    left = slices_that_left(earlier)
    is_newest = business_date == max(home.published_dates())
    if earlier and not (is_newest and permit.may_leave(earlier[0]["modes"]) - left):
        return _released_before(home, business_date, earlier[-1], permit)
    if not is_newest:
        raise ReleaseRefused(f"night {business_date} is not the newest; its orders were replaced by a later night's")
    with connect_within(home) as connection:
        orders, called_for = _lay_orders(connection, home, business_date, permit, left)
        withheld = called_for - orders - sum(record["rows"] for record in earlier)
        if not has_live_slice(connection):
            reason = permit.why_nothing_leaves()
            return Release(business_date, None, None, 0, withheld, reason, is_new=False, held=permit.held())
        # under this lock nobody is frozen after we look who is, and before the file is valid
        with security_turn(home, f"orders of {business_date}"):
            expired = leave_out_expired(connection, instant(home))
            kept_back = expired + leave_out_frozen(connection, home, business_date)
            if earlier and orders == kept_back:
                return _released_before(home, business_date, earlier[-1], permit, expired)
            refuse_orders(connection, home, business_date)
            counts = _Counts(orders - kept_back, withheld + kept_back, expired)
            return _write_release(connection, home, business_date, permit, counts)


@dataclass(frozen=True)
class _Counts:
    """How many orders leave, and how many do not: `expired` are among the `withheld`."""

    orders: int
    withheld: int
    expired: int


@dataclass(frozen=True)
class _Permit:
    """What people and the breaker say about a night's slices at one instant."""

    modes: Modes
    holds: dict[str, Hold]
    approved: frozenset[str]

    def waiting(self) -> dict[str, str]:
        """Held slices without an approval, with the reason."""
        return {name: hold.reason for name, hold in self.holds.items() if name not in self.approved}

    def may_leave(self, slices: Iterable[str]) -> set[str]:
        """Which of these slices' orders may leave: their mode allows it, and nothing holds them."""
        return {name for name in slices if self.modes.share_percent(name) and name not in self.waiting()}

    def why_nothing_leaves(self) -> str:
        """Why no slice's orders may leave."""
        if code := self.modes.unapproved_logic:
            return (
                f"decision code {code[:12]} is approved by no two people, so every slice is in observe; run creditline logic"
                f" approve {code[:12]} --by A --approved-by B"
            )
        return "every slice is in observe or paused"

    def held(self) -> tuple[str, ...]:
        """The held slices, one on each line, with the reason and the time until which they may be approved."""
        return tuple(
            f"{name} is held ({why}) until {self.holds[name].expires_at} UTC" for name, why in self.waiting().items()
        )


def _may_leave(home: Home, business_date: date) -> _Permit:
    holds = read_holds(home, business_date)
    approved = frozenset(name for name, hold in holds.items() if is_approved(home, business_date, hold))
    return _Permit(modes_of_night(home, business_date), holds, approved)


def _lay_orders(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    business_date: date,
    permit: _Permit,
    left: set[str],
) -> tuple[int, int]:
    """Create the table of orders that may leave, frozen accounts still included, without the slices in `left`.

    Returns: how many orders it holds, and how many the night decided.
    """

    def may_leave(name: str) -> bool:
        return name not in permit.waiting() and name not in left

    return lay_orders(connection, home, business_date, "fct_limit_adjustment", permit.modes, may_leave)


def _write_release(
    connection: duckdb.DuckDBPyConnection, home: Home, business_date: date, permit: _Permit, counts: _Counts
) -> Release:
    facts = {
        "withheld": counts.withheld,
        "expired": counts.expired,
        "held": permit.waiting(),
        "approved": {name: permit.holds[name].orders_sha256 for name in sorted(permit.approved)},
        "modes": modes_in_force(connection),
    }
    left = write_orders(
        connection,
        home,
        FEED,
        business_date,
        str(business_date),
        facts,
        lambda: _may_leave(home, business_date) == permit,
    )
    if left is None:
        raise ReleaseRefused(
            "a mode or an answer was changed while the orders were written; none of them left: release again"
        )
    reason = _reason("released", counts.expired)
    file, sequence = left
    return Release(
        business_date,
        file,
        sequence,
        counts.orders,
        counts.withheld,
        reason,
        is_new=True,
        expired=counts.expired,
        held=permit.held(),
    )


def _released_before(home: Home, business_date: date, record: Json, permit: _Permit, expired: int = 0) -> Release:
    return Release(
        business_date,
        home.outbox / FEED / record["file"],
        record["sequence"],
        record["rows"],
        record["withheld"],
        _reason("released before", record.get("expired", 0) + expired),
        is_new=False,
        expired=record.get("expired", 0) + expired,
        held=permit.held(),
    )


def _reason(done: str, expired: int) -> str:
    """What was done, and how many orders came too late."""
    return f"{done}; {expired} orders expired before they could leave" if expired else done
