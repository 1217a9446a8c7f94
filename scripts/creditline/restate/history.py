"""A restatement: every published night from a date on, computed again in order, and shown by changing one pointer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from creditline.errors import UsageError
from creditline.home import Home
from creditline.home.people import require_two_people
from creditline.home.restatements import Restatement, record_restatement
from creditline.home.turns import only_worker
from creditline.publish.publication import show_latest
from creditline.restate.night import Order, Progress, RestatedNight, RestatementRefused, restate_night
from creditline.store.record import delivery_records


@dataclass(frozen=True)
class Result:
    """What a restatement did; `record` is None if nothing changed and nothing was published."""

    nights: tuple[RestatedNight, ...]
    customers: int
    record: Restatement | None


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
        order = Order(from_date, nights[-1], reason, by, approved_by)
        result = _restate_nights(home, order, nights, tell)
        show_latest(home, nights[-1])
        return result


def _restate_nights(home: Home, order: Order, nights: list[date], tell: Callable[[str], None]) -> Result:
    records = [record for record in delivery_records(home) if record.business_date <= order.known_until]
    progress, done = Progress({}, frozenset()), []
    for number, day in enumerate(nights, start=1):
        tell(f"[{number}/{len(nights)}] {day} restate")
        is_shown = day == nights[-1] and bool(progress.revisions)
        night, progress = restate_night(home, order, day, records, progress, is_shown=is_shown)
        done.append(night)
    if not progress.revisions:
        return Result(tuple(done), len(progress.customers), None)
    record = record_restatement(
        home,
        order.from_date,
        order.known_until,
        reason=order.reason,
        by=order.by,
        approved_by=order.approved_by,
        publications=progress.revisions,
    )
    return Result(tuple(done), len(progress.customers), record)


def _refuse_unpublished(home: Home, newest: date) -> None:
    """Refuse while a night is built and not published, because it started from the past as it was before the restatement."""
    built = [folder.name.removeprefix("business_date=") for folder in home.state.glob("business_date=*")]
    later = sorted(day for day in built if day > str(newest))
    if later:
        raise RestatementRefused(
            f"night {later[0]} is built and not published; run `creditline night --date {later[0]}` first, then restate"
        )
