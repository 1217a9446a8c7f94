"""Many consecutive deliveries of a hostile book: irregular nights, deliveries that no night was built of, late rows,
corrections of earlier nights, customers who vanish and come back, hardship pauses that begin before they are known."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from feature_fixtures import Book, Row, hex_token, seeded, twins

FIRST = date(2023, 5, 17)
_ONE = timedelta(days=1)
_GAPS = {"daily": (*(1,) * 40, 2, 3, 4, 12), "irregular": (1, 1, 1, 2, 3, 8, 15, 31, 31, 34, 46)}


@dataclass
class HostileBook:
    """Deliveries by date; `nights` are those of which a night is built."""

    nights: list[date]
    deliveries: list[date]
    # rows by delivery, source and the night of which they speak
    rows: dict[tuple[date, str, date], list[Row]] = field(default_factory=dict)
    # limits that are approved after a night, by account
    approved: dict[date, dict[int, int]] = field(default_factory=dict)
    blocked: dict[date, set[int]] = field(default_factory=dict)
    maintenance: list[tuple[str, date, date]] = field(default_factory=list)

    def deliver(self, delivery: date, source: str, values: Row, *, of: date | None = None) -> None:
        """Add a row to a delivery; `of` is the earlier night that it corrects."""
        night = of or delivery
        rows = self.rows.setdefault((delivery, source, night), [])
        if twins(source, rows, values):
            return  # the gate lets none of one file in
        place = {
            "business_date": night,
            "batch_id": self.batch(delivery),
            "known_at": datetime.combine(delivery, time(12)),
            "source_row": len(rows) + 1,
        }
        rows.append(place | values)

    def batch(self, delivery: date) -> str:
        return f"core-{self.deliveries.index(delivery) + 1:06d}"

    def known(self, night: date) -> dict[str, list[Row]]:
        """Rows by source that a night knows."""
        found: dict[str, list[Row]] = {}
        for (delivery, source, _), rows in self.rows.items():
            if delivery <= night:
                found.setdefault(source, []).extend(rows)
        return found


def hostile_book(*, seed: int, customers: int, nights: int, pace: str) -> HostileBook:
    """A book of so many built nights, and between them a few deliveries that no night was built of.

    Args:
        pace: `daily` or `irregular` (months between some nights).
    """
    choose = seeded(seed)
    deliveries, built = [FIRST], [FIRST]
    while len(built) < nights:
        deliveries.append(deliveries[-1] + choose.choice(_GAPS[pace]) * _ONE)
        if choose.random() < 0.95:
            built.append(deliveries[-1])
    book = HostileBook(built, [day for day in deliveries if day <= built[-1]])
    for _ in range(6):
        start = FIRST + choose.randint(-60, (built[-1] - FIRST).days) * _ONE
        window = (choose.choice(["cash_flow", "*", "session"]), start, start + choose.choice([1, 2, 9]) * _ONE)
        book.maintenance.append(window)
    # in a daily book of any size a good part of the nights has no late row, so that the cost of either kind is seen
    often = 0.25 / customers if pace == "daily" else 0.03
    for customer in range(1, customers + 1):
        _Life(book, seeded(seed * 1_000_003 + customer), customer, often).live()
    return book


class _Life:
    """What is delivered of one customer."""

    def __init__(self, book: HostileBook, choose: random.Random, customer: int, often: float) -> None:
        self.book, self.choose, self.customer, self.often = book, choose, customer, often
        self.accounts = [customer * 10 + number for number in range(choose.choice([1, 1, 2]))]
        self.limit = {account: choose.choice([0, 1000, 800_000]) for account in self.accounts}
        self.balance = dict.fromkeys(self.accounts, 0)
        self.past_due = dict.fromkeys(self.accounts, 0)
        self.opened = FIRST - choose.randint(0, 900) * _ONE
        # nights on which the customer was named, by account
        self.named: list[tuple[date, int]] = []
        self.away_until = FIRST + choose.choice([0, 0, 0, 0, 5, 30]) * _ONE
        self.count = 0

    def live(self) -> None:
        for delivery in self.book.deliveries:
            if self.choose.random() < 0.03:
                self.away_until = delivery + self.choose.choice([2, 10, 35, 95, 130, 410]) * _ONE
            if delivery >= self.away_until:
                self._snapshot(delivery)
            self._corrections(delivery)
            self._events(delivery)
            if self.choose.random() < 0.05:
                account = self.choose.choice(self.accounts)
                limit = self.choose.choice([0, 1000, 500_000, 1_600_000])
                self.book.approved.setdefault(delivery, {})[account] = limit
            if self.choose.random() < 0.08:
                self.book.blocked.setdefault(delivery, set()).add(self.customer)

    def _snapshot(self, delivery: date) -> None:
        for account in self.accounts:
            if self.choose.random() < 0.05:
                self.limit[account] = self.choose.choice([0, 1000, 500_000, 900_000])
            if self.choose.random() < 0.3:
                limit = self.limit[account]
                self.balance[account] = self.choose.choice(
                    [0, 0, -500, limit, limit * 95 // 100, self.choose.randint(0, 10**6)]
                )
            owes = self.choose.random() < (0.9 if self.past_due[account] else 0.2)
            self.past_due[account] = self.past_due[account] + self.choose.randint(1, 30) if owes else 0
            self.book.deliver(delivery, "account_snapshot", self._account(account))
            self.named.append((delivery, account))

    def _account(self, account: int, **changed: object) -> Row:
        return {
            "account_key": account,
            "customer_key": self.customer,
            "opened_date": self.opened,
            "limit_amount": _major(self.limit[account]),
            "principal_balance": _major(self.balance[account]),
            "arrears_balance": _major(min(self.past_due[account], 1) * 1234),
            "days_past_due": self.past_due[account],
        } | changed

    def _corrections(self, delivery: date) -> None:
        earlier = [day for day in self.book.deliveries if day < delivery]
        if earlier and self.choose.random() < self.often:
            night = self.choose.choice(earlier[-1:] * 3 + earlier)
            changed = {
                "principal_balance": _major(self.choose.choice([0, 1000, 760_000, self.choose.randint(0, 10**6)])),
                "days_past_due": self.choose.choice([0, 0, 3, 90]),
            }
            self.book.deliver(
                delivery, "account_snapshot", self._account(self.choose.choice(self.accounts), **changed), of=night
            )
        if earlier and self.choose.random() < 0.05:
            night = self.choose.choice(earlier[-1:] * 3 + earlier)
            self.book.deliver(delivery, "related_product", self._product(night), of=night)

    def _product(self, night: date) -> Row:
        return {
            "customer_key": self.customer,
            "product_code": self.choose.choice(["huabei", "yuebao", "other"]),
            "as_of_date": night,
            "balance": _major(self.choose.choice([0, self.choose.randint(0, 10**6)])),
            "days_past_due": self.choose.choice([0, 0, 0, 12, 44]),
        }

    def _events(self, delivery: date) -> None:
        is_first = delivery == FIRST
        for source, make, often in (
            ("session", self._session, 0.4),
            ("loan_application", self._application, 0.15),
            ("cash_flow", self._flow, 0.5),
            ("profile_change", self._change, 0.05),
            ("instalment", self._instalment, 0.2),
            ("bureau_score", self._score, 0.06),
            ("case_event", self._case, 4 * self.often),
        ):
            for _ in range(20 if is_first and source != "case_event" else 1):
                if self.choose.random() < often:
                    day = delivery - self.choose.choice(_FIRST_LAGS if is_first else _LAGS) * _ONE
                    self.book.deliver(delivery, source, make(day))
        for product in ("huabei", "yuebao"):
            if self.choose.random() < 0.8:
                self.book.deliver(delivery, "related_product", self._product(delivery) | {"product_code": product})

    def _token(self, kind: str, likely_new: float) -> str:
        """A new event, or at times one that came before and is corrected."""
        if self.count and self.choose.random() > likely_new:
            return f"{kind}{self.customer}-{self.choose.randint(1, self.count)}"
        self.count += 1
        return f"{kind}{self.customer}-{self.count}"

    def _moment(self, name: str, day: date) -> Row:
        hour = self.choose.randint(0, 22)
        return {name: datetime.combine(day, time(hour)), "local_date": day, "local_hour": hour}

    def _session(self, day: date) -> Row:
        device = self.choose.choice(
            [f"own{self.customer}", f"new{self.choose.randint(0, 10**6)}", "shared1", "shared2"]
        )
        return {
            "event_token": self._token("s", 1),
            "customer_key": self.customer,
            "device_token": self.choose.choice([f"own{self.customer}", device]),
            "region_token": self.choose.choice("xyz"),
            "is_proxy": self.choose.random() < 0.2,
            "succeeded": self.choose.random() < 0.8,
        } | self._moment("occurred_at", day)

    def _application(self, day: date) -> Row:
        return {
            "event_token": self._token("a", 0.9),
            "customer_key": self.customer,
            "amount": self.choose.choice(["1000.00", "1000.01"]),
            "lender_id": self.choose.choice("ABCD"),
            "outcome": self.choose.choice(["approved", "rejected"]),
        } | self._moment("applied_at", day)

    def _flow(self, day: date) -> Row:
        direction, kind = self.choose.choice([("in", "salary"), ("out", "consume"), ("out", "withdraw")])
        return {
            "customer_key": self.customer,
            "flow_date": day,
            "direction": direction,
            "kind": kind,
            "amount": _major(self.choose.randint(0, 10**6)),
            "event_count": 1,
        }

    def _change(self, day: date) -> Row:
        event = {"event_token": self._token("p", 1), "customer_key": self.customer, "field": "phone"}
        return event | self._moment("changed_at", day)

    def _instalment(self, day: date) -> Row:
        due = day + self.choose.choice([-30, 0, 0, 20, 200, 500]) * _ONE
        paid = self.choose.choice([None, None, min(due, day), due - 20 * _ONE, due + 5 * _ONE])
        return {
            "instalment_token": hex_token(self._token("i", 0.6)),
            "account_key": self.choose.choice(self.accounts),
            "instalment_no": self.choose.choice([1, 2]),
            "due_date": due,
            "due_amount": "100.00",
            "paid_date": paid if paid and paid <= day else None,
            "paid_amount": self.choose.choice(["100.00", "33.33"]) if paid and paid <= day else None,
            "is_reversed": self.choose.random() < 0.1,
        }

    def _score(self, day: date) -> Row:
        return {
            "customer_key": self.customer,
            "observed_date": day,
            "score": self.choose.randint(350, 950),
            "external_debt_amount": _major(self.choose.randint(0, 10**6)),
            "has_new_default": self.choose.random() < 0.2,
        }

    def _case(self, day: date) -> Row:
        kind = self.choose.choice(["hardship_pause", "hardship_pause", "step_up_verified"])
        is_of_account = self.choose.random() < 0.5
        start = day + self.choose.choice([-100, -40, -10, 0, 1, 20]) * _ONE if kind == "hardship_pause" else None
        return {
            # a later version of a case may change everything but whose it is and what it is
            "event_token": self._token(f"{kind}-{'a' if is_of_account else 'c'}-", 0.7),
            "kind": kind,
            "account_key": self.accounts[0] if is_of_account else None,
            "customer_key": None if is_of_account else self.customer,
            "from_date": start,
            "to_date": start and self.choose.choice([None, start + self.choose.randint(0, 50) * _ONE]),
            "outcome": self.choose.choice([None, "received", "received", "withdrawn"]),
        } | self._moment("occurred_at", day)


# Days between an event and the delivery that tells of it.
_LAGS = (*(0,) * 12, 1, 1, 2, 3, 8, 31, 90, 125, 200)
_FIRST_LAGS = (0, 5, 20, 60, 100, 130, 190, 300, 399)


def _major(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def book_of_night(book: HostileBook, night: date, previous: date | None) -> Book:
    """What one night knows, for the independent reference."""
    found = Book(
        night=night,
        cut_off=datetime.combine(night + _ONE, time(2)),
        coverage={},
        maintenance=book.maintenance,
        previous=previous,
    )
    found.raw.update(book.known(night))
    return found
