"""Slices that the breaker holds, and the signed answers of people to them: `control/approvals.jsonl`.

An answer names the exact orders by their hash. Every release checks it again.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.control import append_line, read_lines
from creditline.home.database import connect_within, path_to_read
from creditline.home.files import canonical_json
from creditline.home.lock import HomeBusy
from creditline.home.people import are_two_people, require_person, require_two_people
from creditline.home.publications import published_mart
from creditline.home.restatements import is_overtaken
from creditline.policy.calendar import next_expected
from creditline.release.clock import instant
from creditline.release.feed import files_that_left
from creditline.release.modes import leaving

APPROVED, REJECTED = "approved", "rejected"
# An answer after the hold had expired: it is kept and has no effect.
TOO_LATE = "too late"
_ORDER = "adjustment_id, account_key, action, old_limit_amount, new_limit_amount, effective_date, expires_at, decision_sha256"


class NotHeld(CreditlineError):
    """There is no hold to answer, or it expired."""


class OrdersLeft(CreditlineError):
    """Orders that somebody wants to reject have left already; says which, and in which file."""


@dataclass(frozen=True)
class Hold:
    """One held slice of a published night: the reason, the hash and count of the waiting orders, and until when (naive UTC)
    they may be approved."""

    slice_code: str
    reason: str
    orders_sha256: str
    orders: int
    expires_at: datetime


@dataclass(frozen=True)
class Answer:
    """What people said about one hold; a line of `control/approvals.jsonl`."""

    slice_code: str
    business_date: str
    answer: str
    orders_sha256: str
    by: str
    approved_by: str | None
    recorded_at: str


def read_holds(home: Home, business_date: date) -> dict[str, Hold]:
    """The held slices of a published night. A hold expires at the cut-off of the next night that the calendar expects."""
    slices = published_mart(home, business_date, "fct_slice_night")
    with connect_within(home) as connection:
        held = connection.execute(
            f"select slice_code, hold_reason from read_parquet({path_to_read(slices)}) where is_held order by 1"
        ).fetchall()
        if not held:
            return {}
        expires_at = home.cut_off_at(next_expected(home, business_date))
        orders_file = published_mart(home, business_date, "fct_limit_adjustment")
        return {name: _hold(connection, orders_file, name, why, expires_at) for name, why in held}


def _hold(
    connection: duckdb.DuckDBPyConnection, orders_file: Path, slice_code: str, reason: str, expires_at: datetime
) -> Hold:
    rows = connection.execute(
        f"select {_ORDER} from read_parquet({path_to_read(orders_file)}) where slice_code = ? order by all",
        [slice_code],
    ).fetchall()
    content = canonical_json([[str(value) for value in row] for row in rows])
    return Hold(slice_code, reason, hashlib.sha256(content).hexdigest(), len(rows), expires_at)


def approve(home: Home, slice_code: str, business_date: date, *, by: str, approved_by: str) -> Answer:
    """Let the orders of a held slice go; takes two people.

    Raises:
        UsageError: the second person is missing or is the first.
        NotHeld: the slice is not held on that night, or the hold expired.
    """
    require_two_people("approving a held slice", by, approved_by)
    return _record(home, slice_code, business_date, APPROVED, by, approved_by)


def reject(home: Home, slice_code: str, business_date: date, *, by: str) -> Answer:
    """Keep the orders of a held slice back for good; one person is enough.

    Raises:
        UsageError: no person is named.
        NotHeld: the slice is not held on that night, or the hold expired.
        OrdersLeft: it was approved, and its orders have left; the answer is kept as too late and rejects nothing.
    """
    require_person("rejecting a held slice", by)
    return _record(home, slice_code, business_date, REJECTED, by, None)


def _record(home: Home, slice_code: str, business_date: date, answer: str, by: str, approved_by: str | None) -> Answer:
    hold = _open_hold(home, slice_code, business_date)
    is_over = instant(home) >= hold.expires_at

    def keep(kind: str) -> Answer:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        said = Answer(slice_code, str(business_date), kind, hold.orders_sha256, by, approved_by, now)
        append_line(home, home.approvals_file, asdict(said))
        return said

    try:
        # under this lock no release is writing its file, so no more orders leave while we look
        with leaving(home, f"'{answer}' is recorded for {slice_code}, but its orders may still leave without it"):
            left = files_that_left(home, business_date, slice_code) if answer == REJECTED else ()
            said = keep(TOO_LATE if is_over or left else answer)
    except HomeBusy:
        keep(answer)
        raise
    if left:
        raise OrdersLeft(
            f"{slice_code} cannot be rejected for {business_date}: {'; '.join(map(str, left))} of the"
            f" {hold.orders} that were held have left, and the core may have applied them; what was wrongly decided goes back"
            " by an override or a restatement (docs/how-to/runbook.md)"
        )
    if is_over:
        raise NotHeld(
            f"{slice_code}: its hold of {business_date} expired at {hold.expires_at} UTC, the next night's cut-off; its"
            f" {hold.orders} orders cannot be answered any more, the next night decides anew: run it, and answer that one's"
        )
    return said


def unanswered_slices(home: Home, business_date: date) -> list[str]:
    """The held slices of the newest night that nobody approved or rejected yet.

    Raises:
        NotHeld: there is no such slice.
    """
    _require_newest(home, business_date, "its held slices")
    waiting = [
        name for name, hold in read_holds(home, business_date).items() if not _last_answer(home, business_date, hold)
    ]
    if not waiting:
        raise NotHeld(
            f"no held slice of {business_date} waits for an answer; to approve a rejected slice, give its name"
        )
    return waiting


def _open_hold(home: Home, slice_code: str, business_date: date) -> Hold:
    _require_newest(home, business_date, f"{slice_code}: its hold of {business_date}")
    holds = read_holds(home, business_date)
    if slice_code not in holds:
        raise NotHeld(f"{slice_code} is not held on {business_date}; held are: {', '.join(holds) or 'none'}")
    return holds[slice_code]


def _require_newest(home: Home, business_date: date, what: str) -> None:
    published = home.published_dates()
    if business_date not in published:
        raise NotHeld(f"night {business_date} is not published; run `creditline night --date {business_date}`")
    if business_date != published[-1]:
        raise NotHeld(f"{what} expired when {published[-1]} was published; answer that night's")
    if is_overtaken(home, business_date):
        raise NotHeld(
            f"{what} ended when a night was declared void on which it was decided; the next night decides anew"
        )


def is_approved(home: Home, business_date: date, hold: Hold) -> bool:
    """Whether the last answer about exactly these orders approves them.

    Raises:
        NotGenuine: an answer is not the home's own, or one is missing.
    """
    last = _last_answer(home, business_date, hold)
    return last is not None and last.answer == APPROVED and are_two_people(last.by, last.approved_by)


def is_answered(home: Home, business_date: date, hold: Hold) -> bool:
    """Whether people have approved or rejected exactly these orders.

    Raises:
        NotGenuine: an answer is not the home's own, or one is missing.
    """
    return _last_answer(home, business_date, hold) is not None


def _last_answer(home: Home, business_date: date, hold: Hold) -> Answer | None:
    answers = [
        answer
        for answer in (Answer(**line) for line in read_lines(home, home.approvals_file))
        if answer.answer != TOO_LATE
        and (answer.slice_code, answer.business_date, answer.orders_sha256)
        == (hold.slice_code, str(business_date), hold.orders_sha256)
    ]
    return answers[-1] if answers else None
