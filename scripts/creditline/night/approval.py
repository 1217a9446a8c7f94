"""Approve held slices by two people, release their orders, and say for each what left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from creditline import night
from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.release import LeftFile, Release, approve, files_that_left, read_holds
from creditline.release.holds import Answer
from creditline.release.modes import modes_of_night


@dataclass(frozen=True)
class Approved:
    """A held slice whose approval is recorded: the files in which its orders left, or why none did."""

    slice_code: str
    orders_sha256: str
    left: tuple[LeftFile, ...]
    why_none: str | None


def approve_slices(
    home: Home, slices: Sequence[str], business_date: date, *, by: str, approved_by: str
) -> list[Approved]:
    """Approve the orders of held slices exactly as they were published, and release them.

    Raises:
        UsageError: the second person is missing or is the first.
        NotHeld: a slice is not held on that night, or the hold expired.
        CreditlineError: the approvals are recorded, and the release failed.
    """
    answers = [approve(home, name, business_date, by=by, approved_by=approved_by) for name in slices]
    try:
        released = night.release(home, business_date)
    except CreditlineError as error:
        raise CreditlineError(
            f"{', '.join(slices)}: the approval is recorded, its orders did not leave: {error}"
        ) from error
    return [_outcome(home, answer, released) for answer in answers]


def _outcome(home: Home, answer: Answer, released: Release) -> Approved:
    left = files_that_left(home, released.business_date, answer.slice_code)
    why_none = None if left else _why_none(home, answer.slice_code, released)
    return Approved(answer.slice_code, answer.orders_sha256, left, why_none)


def _why_none(home: Home, slice_code: str, released: Release) -> str:
    business_date = released.business_date
    hold, modes = read_holds(home, business_date)[slice_code], modes_of_night(home, business_date)
    if not hold.orders:
        return "the night has no order of it"
    if modes.unapproved_logic:
        return released.reason
    if not modes.share_percent(slice_code):
        return (
            f"it is in {modes.of(slice_code)}; once that is changed, `creditline night --date {business_date}` lets its"
            f" {hold.orders} orders leave, until {hold.expires_at} UTC"
        )
    return (
        f"none of its {hold.orders} orders may: they are of customers outside '{modes.of(slice_code)}', of accounts that are"
        " frozen by now, or expired"
    )
