"""Expected nights that are missing: later nights wait until they arrive or two people skip them."""

from __future__ import annotations

from datetime import date, timedelta

from creditline import project
from creditline.errors import CreditlineError, UsageError
from creditline.home import Home
from creditline.home.people import require_two_people
from creditline.home.publications import last_published
from creditline.home.skips import Skip, record_skip, skipped_dates
from creditline.policy import packs_in_force
from creditline.policy.calendar import book_packs, expected_dates


class NightHeld(CreditlineError):
    """The night must wait for an earlier one, or must not run at all; says which and what to do."""


def missing_dates(home: Home, business_date: date) -> list[date]:
    """Business dates before this one that the calendar expects and that are neither published nor skipped.

    The calendar is that of the packs that decided the night before. A book's first night has nothing before it.
    """
    before = last_published(home, business_date)
    if before is None or before + timedelta(days=1) == business_date:
        return []
    packs = book_packs(home, packs_in_force(project.POLICIES_DIR, business_date), business_date)
    first, last = before + timedelta(days=1), business_date - timedelta(days=1)
    expected = {day for pack in packs for day in expected_dates(pack.tables["calendar"], first, last)}
    return sorted(expected - skipped_dates(home))


def is_refused(home: Home, business_date: date) -> bool:
    """Whether the delivery that is now in landing/ was refused."""
    return (home.quarantine / str(business_date) / "refusal.json").is_file()


def require_turn(home: Home, business_date: date) -> None:
    """Stop a night that must wait for an earlier one.

    Raises:
        NightHeld: an expected date before it is missing, or the date itself was skipped.
    """
    skips = skipped_dates(home)
    if business_date in skips:
        raise NightHeld(
            f"night {business_date} was skipped by two people; send what changed as a correction with a later delivery"
        )
    missing = missing_dates(home, business_date)
    if missing:
        day, more = missing[0], f" ({len(missing) - 1} more after it)" if len(missing) > 1 else ""
        state = "landed and not published" if day in home.landed_dates() else "not delivered"
        raise NightHeld(
            f"night {business_date} is held: {day} is expected by calendar.csv and {state}{more}; run it first, or let"
            f" two people skip it: creditline skip --date {day} --by A --approved-by B --reason TEXT"
        )


def skip_night(home: Home, business_date: date, *, by: str, approved_by: str, reason: str) -> Skip:
    """Record that two people skip a missing business date. It is void, and the next night starts from the night before it.

    Raises:
        UsageError: the second person is missing or is the first, no reason is given, or there is nothing to skip.
    """
    require_two_people("skipping a night", by, approved_by)
    if not reason.strip():
        raise UsageError("skipping a night needs a reason that can be read years later: give --reason TEXT")
    if business_date in home.published_dates():
        raise UsageError(f"night {business_date} is published; only a missing night can be skipped")
    if business_date in skipped_dates(home):
        raise UsageError(f"night {business_date} was skipped already")
    if business_date not in missing_dates(home, business_date + timedelta(days=1)):
        raise UsageError(
            f"night {business_date} holds back no other night: it is not an expected date after the last published night"
        )
    return record_skip(home, business_date, by=by, approved_by=approved_by, reason=reason)
