"""One person in trouble, as events, and the features that follow from them: written from features.md, beside the SQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

FIRST_PAYMENT_GRACE = 7
DAY = timedelta(days=1)


@dataclass
class Instalment:
    """What fell due, when it was paid (None: not yet) and whether the payment bounced first."""

    number: int
    due: date
    paid: date | None
    is_reversed: bool = False
    # a part that was paid early counts as paid, in percent
    paid_percent: int = 100

    def is_late(self) -> bool:
        return self.paid is None or self.paid > self.due


@dataclass
class Application:
    """One loan application here or elsewhere."""

    day: date
    lender: int
    is_small: bool
    is_rejected: bool
    is_at_night: bool


@dataclass
class Debtor:
    """Events of one person so far, and when the trouble that is on begins and ends by itself."""

    start: date
    instalments: list[Instalment] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    past_due_nights: dict[date, int] = field(default_factory=dict)
    related_nights: dict[date, int] = field(default_factory=dict)
    unpaid_from: date | None = None
    related_from: date | None = None
    next_number: int = 1
    due_day: date | None = None

    def live(self, day: date) -> None:
        """One more night: an instalment a month, paid on its day unless something is past due; then some bounce, too."""
        if self.due_day is not None and day == self.due_day:
            in_trouble = self.unpaid_from is not None
            bounces = in_trouble and self.next_number % 2 == 0
            self.instalments.append(Instalment(self.next_number, day, None if in_trouble else day, bounces))
            self.next_number, self.due_day = self.next_number + 1, day + 30 * DAY
        if self.unpaid_from is not None and day >= self.unpaid_from:
            self.past_due_nights[day] = (day - self.unpaid_from).days + 1
        if self.related_from is not None and day >= self.related_from:
            self.related_nights[day] = (day - self.related_from).days + 1

    def stop_paying(self, day: date) -> None:
        """From this day on nothing is paid; what falls due on it is the first that is not."""
        self.unpaid_from = day
        self.instalments.append(Instalment(self.next_number, day - DAY, None))
        self.next_number += 1

    def pay_everything(self, day: date) -> None:
        """On this day everything past due is paid: tonight's snapshot shows none."""
        self.unpaid_from = None
        for instalment in self.instalments:
            if instalment.paid is None:
                instalment.paid = day

    def features(self, day: date) -> dict[str, int | None]:
        """What the windows hold on this night."""
        return self._arrears(day) | self._applications(day) | self._repayment(day) | self._related(day)

    def _arrears(self, day: date) -> dict[str, int | None]:
        def longest(days: int) -> int:
            return max((dpd for night, dpd in self.past_due_nights.items() if day - night < days * DAY), default=0)

        now = self.past_due_nights.get(day, 0)
        nights = sum(day - night < 90 * DAY for night in self.past_due_nights)
        return {
            "f01_dpd_now": now,
            "f02_dpd_max_30d": longest(30),
            "f03_dpd_max_180d": longest(180),
            "f04_overdue_days_90d": nights,
            "f05_overdue_ratio_bp": 1500 if now else 0,
        }

    def _applications(self, day: date) -> dict[str, int | None]:
        def within(days: int) -> list[Application]:
            return [one for one in self.applications if timedelta() <= day - one.day < days * DAY]

        before = len(within(97)) - len(within(7))
        last_90 = within(90)
        rejected = sum(one.is_rejected for one in last_90)
        return {
            "f13_small_apps_7d": sum(one.is_small for one in within(7)),
            "f14_apps_30d": len(within(30)),
            "f15_app_burst_x90": 90 * len(within(7)) - 7 * before,
            "f16_reject_rate_90d_bp": 10_000 * rejected // len(last_90) if last_90 else None,
            "f17_distinct_lenders_30d": len({one.lender for one in within(30)}),
            "f18_night_apps_30d": sum(one.is_at_night for one in within(30)),
        }

    def _repayment(self, day: date) -> dict[str, int | None]:
        def due(days: int) -> list[Instalment]:
            return [one for one in self.instalments if timedelta() <= day - one.due < days * DAY]

        def days_late(one: Instalment) -> int:
            return max(0, ((one.paid or day) - one.due).days)

        half_year, quarter, cure = due(181), due(91), due(90)
        paid = sum(one.paid_percent for one in quarter if one.paid is not None)
        return {
            "f19_late_rate_180d_bp": 10_000 * sum(one.is_late() for one in half_year) // len(half_year)
            if half_year
            else None,
            "f20_avg_days_late_90d": sum(map(days_late, quarter)) // len(quarter) if quarter else None,
            "f21_paid_share_90d_bp": 10_000 * paid // (100 * len(quarter)) if quarter else None,
            "f23_first_payment_default": sum(
                one.number == 1 and days_late(one) > FIRST_PAYMENT_GRACE for one in quarter
            ),
            "f24_bounced_payments_90d": sum(one.is_reversed for one in quarter),
            "on_time_instalments_90d": sum(not one.is_late() and not one.is_reversed for one in cure),
            "due_instalments_90d": len(cure),
        }

    def _related(self, day: date) -> dict[str, int | None]:
        longest = [dpd for night, dpd in self.related_nights.items() if day - night < 30 * DAY]
        return {"f41_related_dpd_30d": max(longest, default=0)}

    def last_events(self, day: date) -> dict[str, date]:
        """The last day of each kind of event, as ftr_last_event has it."""
        instalments = [one for one in self.instalments if one.due <= day]
        found = {
            "application": [one.day for one in self.applications],
            "small_application": [one.day for one in self.applications if one.is_small],
            "rejected_application": [one.day for one in self.applications if one.is_rejected],
            "night_application": [one.day for one in self.applications if one.is_at_night],
            "instalment": [one.due for one in instalments],
            "late_instalment": [one.due for one in instalments if one.is_late()],
            "unpaid_instalment": [one.due for one in instalments if one.paid is None or one.paid_percent < 100],
            "reversed_instalment": [one.due for one in instalments if one.is_reversed],
            "troubled_instalment": [one.due for one in instalments if one.is_late() or one.is_reversed],
            "first_instalment": [
                one.due
                for one in instalments
                if one.number == 1 and (one.paid is None or (one.paid - one.due).days > FIRST_PAYMENT_GRACE)
            ],
            "past_due_night": list(self.past_due_nights),
            "related_past_due": list(self.related_nights),
        }
        return {event: max(days) for event, days in found.items() if days}


def draw(choose: np.random.Generator, start: date, due_after: int) -> Debtor:
    """A person with a past of half a year: mostly in order, some of it late, bounced, paid in part, or past due."""
    person = Debtor(start, due_day=start + due_after * DAY)
    first = int(choose.choice([1, 1, 5]))
    for back in range(6, 0, -1):
        due = person.due_day - back * 30 * DAY
        late = int(choose.choice([0, 0, 0, 0, 3, 10, 20]))
        kept = Instalment(first + 6 - back, due, due + late * DAY, bool(choose.random() < 0.1))
        kept.paid_percent = int(choose.choice([100] * 9 + [60]))
        if kept.paid < start:
            person.instalments.append(kept)
            for day in range(late):
                person.past_due_nights[due + (day + 1) * DAY] = day + 1
        else:
            person.instalments.append(Instalment(kept.number, due, due))
    person.next_number = first + 6
    for _ in range(int(choose.choice([0, 0, 1, 2, 4]))):
        person.applications.append(_apply(choose, start - int(choose.integers(1, 95)) * DAY))
    return person


def _apply(choose: np.random.Generator, day: date) -> Application:
    return Application(
        day,
        int(choose.integers(0, 8)),
        bool(choose.random() < 0.6),
        bool(choose.random() < 0.5),
        bool(choose.random() < 0.2),
    )


def burst(choose: np.random.Generator, person: Debtor, day: date) -> None:
    """Several applications on one day."""
    person.applications += [_apply(choose, day) for _ in range(int(choose.integers(1, 5)))]
