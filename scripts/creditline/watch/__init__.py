"""Between nights: deliveries of the day freeze an account minutes after a takeover, and restore it after a verification.

    landing/<date>/intraday/<HHMM>/  ->  intake  ->  the last night's own code  ->  release  ->  outbox/security_orders/

It works beside a running night and changes no limit. The result depends on the files alone: a watch acts at the
`delivered_at` of the delivery that it takes in, whenever it runs. There is one exception: if a delivery arrives after a later
one of another feed was acted on, it is acted on one second after that one, so that it undoes nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import clear_directory
from creditline.home.proof import read_signed, write_signed
from creditline.home.publications import last_valid
from creditline.home.turns import security_turn
from creditline.landing.files import FileRefused
from creditline.release.clock import latest_stamp
from creditline.release.feed import SECURITY
from creditline.release.security import release_in_turn
from creditline.store.record import DeliveryRecord, intraday_records, last_closed_day
from creditline.watch.decision import Outcome, decide, left_before
from creditline.watch.intake import arrivals, keep_refusal, take_in
from creditline.watch.notices import Sent, send_notices

__all__ = [
    "DeliveriesRefused",
    "Refusal",
    "Watch",
    "WatchRefused",
    "Watched",
    "open_days",
    "require_nothing_refused",
    "tell_untold",
    "watch",
    "watch_open_days",
]


class WatchRefused(CreditlineError):
    """A day cannot be watched; says why and what to do. Nothing was taken in."""


class DeliveriesRefused(CreditlineError):
    """Some deliveries were refused as a whole; the others were acted on."""


@dataclass(frozen=True)
class Watched:
    """What one delivery between nights led to.

    `freezes` (extended ones included) and `restores` count the orders that left in `file`. `withheld` counts orders that the
    mode of their slice keeps back, `guarded` customers whom the mass guard did not freeze. `notices` counts accounts whose
    customers are told at once, `restricted_notices` those about which only the desk is told. `notes` name what was left out of
    the delivery.
    """

    business_date: date
    at: str
    feed: str
    sequence: int
    rows: int
    freezes: int
    restores: int
    withheld: int
    guarded: int
    notices: int
    restricted_notices: int
    file: Path | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Refusal:
    """A delivery between nights that was refused as a whole."""

    at: str
    reason: str


@dataclass(frozen=True)
class Watch:
    """What was new since the last watch; `night` is the published night that the watch starts from."""

    business_date: date
    night: date
    deliveries: tuple[Watched, ...]
    refused: tuple[Refusal, ...]


def watch(home: Home, business_date: date, at: str | None = None) -> Watch:
    """Take in what arrived under `landing/<business_date>/intraday/` since the last watch, and freeze and restore.

    Each delivery is taken in once and as a whole, or refused with a reason in quarantine. Each is acted on at its own time, in
    the order of its feed. Safe to run again after a kill at any instruction.

    Args:
        at: take in only this delivery (HHMM).

    Raises:
        WatchRefused: no valid night is published, or the day's own night reads it already.
        ReleaseRefused: there is a demo pack in a home that is not a demo, or a mode changed while orders were written.
        LogicRefused: the last night's code is of a release without a watch.
        HomeBusy: another process freezes or restores for minutes.
    """
    with security_turn(home, f"watch of {business_date}"):
        night = _night_before(home, business_date)
        # the night's own freezes leave first, because the watch starts from them
        release_in_turn(home, home.published_dates()[-1])
        scratch = clear_directory(home.warehouse / "watch")
        try:
            return _watch(home, business_date, night, at, scratch)
        finally:
            shutil.rmtree(scratch)


def watch_open_days(home: Home) -> list[Watch]:
    """Watch every day that has deliveries between nights and may still be watched, in order."""
    return [watch(home, day) for day in open_days(home)]


def require_nothing_refused(watches: list[Watch]) -> None:
    """Raise DeliveriesRefused if some deliveries were refused, after all others were acted on; names the first."""
    refused = [f"{one.business_date} {refusal.at}: {refusal.reason}" for one in watches for refusal in one.refused]
    if refused:
        others = f" ({len(refused) - 1} more)" if len(refused) > 1 else ""
        raise DeliveriesRefused(f"{refused[0]}{others}")


def open_days(home: Home) -> list[date]:
    """The days that have deliveries between nights and may still be watched, in order."""
    closed = _last_closed(home)
    return [day for day in home.watched_dates() if closed is None or day > closed]


def _last_closed(home: Home) -> date | None:
    return max([*home.published_dates()[-1:], *filter(None, [last_closed_day(home)])], default=None)


def _night_before(home: Home, business_date: date) -> date:
    closed = _last_closed(home)
    if closed is not None and business_date <= closed:
        raise WatchRefused(
            f"{business_date} is over: its night, or a later one, is decided on what was there; what came since then comes"
            f" with the next delivery"
        )
    night = last_valid(home, business_date)
    if night is None:
        raise WatchRefused(f"no valid night before {business_date} is published; a watch goes on from one")
    return night


def _watch(home: Home, business_date: date, night: date, at: str | None, scratch: Path) -> Watch:
    closed = _last_closed(home) or night
    # a killed watch may have taken in deliveries and not acted on them
    left = intraday_records(home, closed)
    watched = [_act(home, record, night, scratch) for record in left if not _is_done(home, record)]
    refused = []
    latest = latest_stamp(home)
    found, unreadable = arrivals(home, business_date)
    for error, place in unreadable:
        refused.append(_refuse(home, business_date, place, error))
    for arrival in found:
        if at in (None, arrival.at):
            try:
                record = take_in(home, arrival, scratch, latest)
            except FileRefused as error:
                refused.append(_refuse(home, business_date, arrival.at, error))
            else:
                watched.append(_act(home, record, night, scratch))
    return Watch(business_date, night, tuple(watched), tuple(refused))


def _refuse(home: Home, business_date: date, at: str, error: FileRefused) -> Refusal:
    keep_refusal(home, business_date, at, error)
    return Refusal(at, str(error))


def tell_untold(home: Home) -> None:
    """Send the notices of orders that left because of a watch that was killed before it sent them. Deliveries that such a
    watch took in and did not act on are left to the night. The caller holds the lock.

    Raises:
        IdentityBusy: a night gives out keys for longer than half a minute.
    """
    # before the first night no order left
    taken_in = intraday_records(home, _last_closed(home) or date.max)
    untold = [record for record in taken_in if not _is_done(home, record)]
    if not untold:
        return
    scratch = clear_directory(home.warehouse / "watch")
    try:
        for record in untold:
            outcome, night = left_before(home, record), last_valid(home, record.business_date)
            if outcome and night:
                _tell(home, record, outcome, night, scratch)
    finally:
        shutil.rmtree(scratch)


def _act(home: Home, record: DeliveryRecord, night: date, scratch: Path) -> Watched:
    """Freeze and restore because of one delivery."""
    return _tell(home, record, decide(home, record, night, scratch), night, scratch)


def _tell(home: Home, record: DeliveryRecord, outcome: Outcome, night: date, scratch: Path) -> Watched:
    """Send the notices of the orders that left because of one delivery, and record that it is done."""
    sent = send_notices(home, outcome.file, scratch) if outcome.file else Sent()
    watched = _watched(home, record, outcome, sent.customers, sent.desk)
    content = {name: str(value) if isinstance(value, date) else value for name, value in asdict(watched).items()}
    content["file"] = outcome.file
    write_signed(home, _record_file(home, record), content | {"night": str(night)})
    return watched


def _watched(home: Home, record: DeliveryRecord, outcome: Outcome, notices: int, restricted_notices: int) -> Watched:
    return Watched(
        business_date=record.business_date,
        at=outcome.at,
        feed=record.feed,
        sequence=record.sequence,
        rows=sum(entry.accepted_rows for entry in record.sources),
        freezes=outcome.freezes,
        restores=outcome.restores,
        withheld=outcome.withheld,
        guarded=outcome.guarded,
        notices=notices,
        restricted_notices=restricted_notices,
        file=home.outbox / SECURITY / outcome.file if outcome.file else None,
        notes=tuple(f"{entry.source}: {reason}" for entry in record.sources for reason in entry.reasons),
    )


def _is_done(home: Home, record: DeliveryRecord) -> bool:
    """Whether a watch acted on a delivery and sent its notices. Raises NotGenuine."""
    file = _record_file(home, record)
    return file.is_file() and bool(read_signed(home, file))


def _record_file(home: Home, record: DeliveryRecord) -> Path:
    return home.releases / "watch" / f"{record.business_date}_{record.feed}-{record.sequence:06d}.json"
