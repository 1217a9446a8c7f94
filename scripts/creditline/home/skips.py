"""Business dates that two people skipped: void nights that were never run, recorded in `control/skips.jsonl`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from creditline.home import Home
from creditline.home.control import append_line, read_lines


@dataclass(frozen=True)
class Skip:
    """One line of `control/skips.jsonl`."""

    business_date: date
    by: str
    approved_by: str
    reason: str
    recorded_at: str


def read_skips(home: Home) -> tuple[Skip, ...]:
    """Every skip in the order in which it was recorded."""
    lines = read_lines(home, home.skips_file)
    return tuple(Skip(**{**line, "business_date": date.fromisoformat(line["business_date"])}) for line in lines)


def skipped_dates(home: Home) -> frozenset[date]:
    """Business dates on which nothing is run any more."""
    return frozenset(skip.business_date for skip in read_skips(home))


def record_skip(home: Home, business_date: date, *, by: str, approved_by: str, reason: str) -> Skip:
    """Record a skip for good. The caller checks whether it is allowed (`creditline.night.calendar`)."""
    skip = Skip(business_date, by, approved_by, reason, datetime.now(UTC).isoformat(timespec="seconds"))
    append_line(home, home.skips_file, {**asdict(skip), "business_date": str(business_date)})
    return skip
