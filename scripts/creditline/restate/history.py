"""A restatement: every published night from a date on, computed again in order, and shown by changing one pointer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.database import connect_within, one_row, path_to_read
from creditline.home.people import require_two_people
from creditline.home.publications import last_valid
from creditline.home.restatements import VOID, Restatement, read_restatements, record_restatement, voided_dates
from creditline.home.turns import only_worker
from creditline.home.undone import undone_dates
from creditline.publish.publication import show_latest
from creditline.restate.night import Order, Progress, RestatedNight, RestatementRefused, restate_night
from creditline.store.record import delivery_records
from creditline.warehouse.state import handing_night, state_file


@dataclass(frozen=True)
class Result:
    """What a restatement did; `record` is None if nothing changed and nothing was published.

    `owed` counts the accounts to which the next night has to give something back.
    """

    nights: tuple[RestatedNight, ...]
    customers: int
    record: Restatement | None
    owed: int


def restate(
    home: Home,
    from_date: date,
    *,
    reason: str,
    by: str,
    approved_by: str,
    tell: Callable[[str], None] = lambda _message: None,
) -> Result:
    """Compute every published night from a date on with what is known now, and publish those that change once more.

    Nothing counts before the line in `control/restatements.jsonl` is written. So after a kill at any instruction the
    restatement is complete or not there; run again, it gives the same bytes. The pointer changes last.

    Raises:
        UsageError: the second person is missing or is the first, no reason is given, or no night is published from then on.
        RestatementRefused: a later night is built and not published, or a customer would change whom no late row concerns.
    """
    require_two_people("a restatement", by, approved_by)
    if not reason.strip():
        raise UsageError("a restatement needs a reason that can be read years later: give --reason TEXT")
    with only_worker(home, f"restatement from {from_date}"):
        nights = [day for day in home.published_dates() if day >= from_date]
        if not nights:
            raise UsageError(f"no night from {from_date} on is published; there is nothing to restate")
        _refuse_unpublished(home, nights[-1])
        order = Order(from_date, nights[-1], reason, by, approved_by, None, voided_dates(home), undone_dates(home))
        return _restate_and_show(home, order, nights, tell)


def declare_void(
    home: Home,
    business_date: date,
    *,
    reason: str,
    by: str,
    approved_by: str,
    tell: Callable[[str], None] = lambda _message: None,
) -> Result:
    """Declare a published night void, and compute the nights after it without the rows that its deliveries brought.

    Orders that left stand; the next night gives back what the void night's, and those that followed from it, took. Counts from
    one line of `control/restatements.jsonl` on, like every restatement. A night that is void already stays as it is.

    Raises:
        UsageError: the second person is missing or is the first, no reason is given, or the night is not published.
        RestatementRefused: a later night is built and not published, or no valid night is before it.
    """
    require_two_people("declaring a night void", by, approved_by)
    if not reason.strip():
        raise UsageError("declaring a night void needs a reason that can be read years later: give --reason TEXT")
    with only_worker(home, f"void night {business_date}"):
        published = home.published_dates()
        if business_date not in published:
            raise UsageError(
                f"night {business_date} is not published, so nothing was decided on it; deliver it again, or let two people"
                f" skip it: creditline skip --date {business_date} --by A --approved-by B --reason TEXT"
            )
        if business_date in voided_dates(home):
            show_latest(home, published[-1])
            return Result((), 0, _void_record(home, business_date), _owed(home, published[-1]))
        if last_valid(home, business_date) is None:
            raise RestatementRefused(
                f"night {business_date} has no valid night before it to go on from; begin another home with the right delivery"
            )
        _refuse_unpublished(home, published[-1])
        voided = voided_dates(home) | {business_date}
        order = Order(business_date, published[-1], reason, by, approved_by, VOID, voided, undone_dates(home))
        return _restate_and_show(home, order, [day for day in published if day >= business_date], tell)


def _void_record(home: Home, business_date: date) -> Restatement:
    return next(each for each in read_restatements(home) if each.kind == VOID and each.from_date == business_date)


def _restate_and_show(home: Home, order: Order, nights: list[date], tell: Callable[[str], None]) -> Result:
    result = _restate_nights(home, order, nights, tell)
    show_latest(home, nights[-1])
    return result


def _owed(home: Home, newest: date) -> int:
    """How many accounts the next night has to give something back to."""
    next_day = newest + timedelta(days=1)
    table = "restated_limit"
    night = handing_night(home, table, last_valid(home, next_day), next_day)
    file = state_file(home, night, table) if night else None
    if file is None or not file.is_file():
        return 0
    with connect_within(home) as connection:
        return int(one_row(connection.execute(f"select count(*) from read_parquet({path_to_read(file)})"))[0])


def _restate_nights(home: Home, order: Order, nights: list[date], tell: Callable[[str], None]) -> Result:
    records = [record for record in delivery_records(home) if record.business_date <= order.known_until]
    progress, done = Progress({}, frozenset()), []
    for number, day in enumerate(nights, start=1):
        tell(f"[{number}/{len(nights)}] {day} restate")
        is_declared = order.kind == VOID and day == order.from_date
        is_shown = is_declared or (day == nights[-1] and bool(progress.revisions))
        night, progress = restate_night(home, order, day, records, progress, is_shown=is_shown)
        done.append(night)
    if not progress.revisions:
        return Result(tuple(done), len(progress.customers), None, _owed(home, nights[-1]))
    record = record_restatement(
        home,
        order.from_date,
        order.known_until,
        reason=order.reason,
        by=order.by,
        approved_by=order.approved_by,
        publications=progress.revisions,
        kind=order.kind,
    )
    return Result(tuple(done), len(progress.customers), record, _owed(home, nights[-1]))


def _refuse_unpublished(home: Home, newest: date) -> None:
    """Refuse while a night is built and not published, because it started from the past as it was before the restatement."""
    built = [folder.name.removeprefix("business_date=") for folder in home.state.glob("business_date=*")]
    later = sorted(day for day in built if day > str(newest))
    if later:
        raise RestatementRefused(
            f"night {later[0]} is built and not published; run `creditline night --date {later[0]}` first, then restate"
        )
