"""Which nights a calendar expects, when each source is late, and which sources are in maintenance (policy.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from creditline.home import Home, local_to_utc
from creditline.home.publications import last_published, read_manifest
from creditline.policy.packs import Pack, PolicySet, Row, archived_pack

EVERY_SOURCE = "*"
_DAY = timedelta(days=1)
_SATURDAY = 5
_LONGEST_PAUSE = timedelta(days=366)
# The values that expected_nights can have in a validated pack.
_RHYTHMS: dict[str, Callable[[date], bool]] = {
    "daily": lambda _day: True,
    "business_days": lambda day: day.weekday() < _SATURDAY,
    "month_end": lambda day: (day + _DAY).day == 1,
}


@dataclass(frozen=True)
class Timetable:
    """What the packs of a book say about the sources of one night. Instants are naive UTC."""

    deadlines: dict[str, datetime]
    in_maintenance: frozenset[str]

    def is_late(self, source: str, delivered_at: datetime) -> bool:
        """Whether a delivery came after its deadline: the source's own, or else the deadline of all sources."""
        deadline = self.deadlines.get(source, self.deadlines.get(EVERY_SOURCE))
        return deadline is not None and delivered_at > deadline


def expected_dates(rows: Iterable[Row], first: date, last: date) -> list[date]:
    """The business dates that the rows of one calendar.csv expect, from `first` to `last`, both included."""
    rules = [row for row in rows if row["kind"] == "expected_nights"]
    holidays = [row for row in rows if row["kind"] == "holiday"]
    days = [first + _DAY * number for number in range((last - first).days + 1)]
    return [
        day
        for day in days
        if any(_holds(row, day) and _RHYTHMS[row["value"]](day) for row in rules)
        and not any(_holds(row, day) for row in holidays)
    ]


def next_expected(home: Home, business_date: date) -> date:
    """The next business date that a pack of a published night expects; the next day if none expects one for a year."""
    versions = read_manifest(home, business_date)["policy_versions"].values()
    first, last = business_date + _DAY, business_date + _LONGEST_PAUSE
    days = (expected_dates(archived_pack(home, version).tables["calendar"], first, last) for version in versions)
    return min((days_of_pack[0] for days_of_pack in days if days_of_pack), default=first)


def book_packs(home: Home, policies: PolicySet, business_date: date) -> tuple[Pack, ...]:
    """The packs that decided the night before, as they stand tonight; on a book's first night, every pack in force.

    A pack that no longer decides for anybody is taken as it was when it last decided.
    """
    before = last_published(home, business_date)
    if before is None:
        return policies.packs
    tonight = {pack.settings.name: pack for pack in policies.packs}
    decided = read_manifest(home, before)["policy_versions"]
    return tuple(tonight.get(name) or archived_pack(home, version) for name, version in sorted(decided.items()))


def timetable(home: Home, policies: PolicySet, business_date: date) -> Timetable:
    """Deadlines and maintenance of a night's sources. If two packs differ, the stricter one counts."""
    packs = book_packs(home, policies, business_date)
    deadlines: dict[str, datetime] = {}
    for row in (row for pack in packs for row in pack.tables["calendar"]):
        if row["kind"] == "deadline" and _holds(row, business_date):
            instant = local_to_utc(
                datetime.combine(business_date + _DAY, time.fromisoformat(row["value"])), home.settings.time_zone
            )
            source = row["source_name"]
            deadlines[source] = min(instant, deadlines.get(source, instant))
    windows = [row for pack in packs for row in pack.tables["maintenance_window"]]
    in_maintenance = frozenset(
        row["source_name"] for row in windows if _within(business_date, row["from_date"], row["to_date"])
    )
    # A maintenance window of the whole house protects limits (see the decision); no source is distrusted for it.
    return Timetable(deadlines, in_maintenance - {EVERY_SOURCE})


def _holds(row: Row, day: date) -> bool:
    return _within(day, row["effective_from"], row["effective_to"])


def _within(day: date, start: str, end: str) -> bool:
    """Whether `start` <= `day` < `end`; an empty text is no bound."""
    text = day.isoformat()
    return start <= text and (not end or text < end)
