"""Books full of awkward customers: no rows, ties, late and corrected rows, zero limits, edges of every window."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta

from feature_fixtures import Book, days_before, hex_token, seeded

# The edges of the windows on both sides, and the days between.
EDGES = (-1, 0, 1, 6, 7, 8, 29, 30, 31, 59, 60, 84, 85, 86, 89, 90, 91, 96, 97, 119, 120, 121, 179, 180, 181, 300)
SOURCES = (
    "loan_application",
    "instalment",
    "cash_flow",
    "session",
    "bureau_score",
    "related_product",
    "profile_change",
    "case_event",
)


def random_book(night: date, *, seed: int, customers: int, nights: list[date], coverage: dict[str, date]) -> Book:
    """A book whose account snapshots lie on the given nights (tonight among them).

    Args:
        coverage: first covered date a source; a source that is absent gets no rows.
    """
    book = Book(night=night, cut_off=datetime.combine(night + timedelta(days=1), time(2)), coverage=coverage)
    choose = seeded(seed)
    for customer in range(1, customers + 1):
        accounts = [customer * 10 + number for number in range(choose.choice([1, 1, 2]))]
        _snapshots(book, choose, customer, accounts, nights)
        _knowledge(book, choose, customer)
        for source in SOURCES:
            if source in coverage and choose.random() < 0.85:
                _FILL[source](book, choose, customer, accounts)
    return book


def _knowledge(book: Book, choose: random.Random, customer: int) -> None:
    """Reference limits of past nights, and days on which the customer could not act."""
    if choose.random() < 0.4:
        days = sorted({_day(book, choose) for _ in range(choose.randint(1, 4))} - {days_before(book.night, -1)})
        book.reference_steps[customer] = [
            (day, choose.choice([0, 1000, 800_000, 1_600_000])) for day in days if day < book.night
        ] or [(days_before(book.night, 1), 1000)]
    if choose.random() < 0.3:
        start, length = choose.randint(0, 130), choose.choice([1, 5, 40, 125])
        book.blocked |= {(customer, days_before(book.night, start + back)) for back in range(length)}


def _versions(book: Book, choose: random.Random, source: str, day: date, values: dict, change: dict) -> None:
    """One row, at times corrected, tied at the same instant, or known only after the cut-off."""
    known = datetime.combine(day, time(20)) if day < book.night else book.cut_off - timedelta(hours=1)
    case = choose.random()
    if case < 0.03:
        book.deliver(source, day, book.cut_off + timedelta(seconds=1), **values)
        return
    book.deliver(source, day, known, **values)
    if case < 0.06:
        book.deliver(source, day, known, **(values | change))
    elif case < 0.09:
        book.deliver(source, day, book.cut_off, **(values | change))
    elif case < 0.12:
        book.deliver(source, day, book.cut_off + timedelta(seconds=1), **(values | change))


def _day(book: Book, choose: random.Random) -> date:
    back = choose.choice(EDGES) if choose.random() < 0.5 else choose.randint(0, 200)
    return days_before(book.night, back)


def _snapshots(book: Book, choose: random.Random, customer: int, accounts: list[int], nights: list[date]) -> None:
    gone = choose.random() < 0.05
    for account in accounts:
        limit = choose.choice([0, 1000, 800000, 1234567])
        opened = days_before(book.night, choose.randint(0, 900))
        if choose.random() < 0.3:
            book.reference_minor[account] = choose.choice([0, 500, 2_000_000])
        elif choose.random() < 0.3:
            reference = {"account_key": account, "reference_limit_amount": choose.randint(0, 30000)}
            book.deliver("opening_state", book.night, book.cut_off, **reference)
        seen = [
            day for day in nights if ((day < book.night or not gone) and choose.random() < 0.97) or day == nights[0]
        ]
        for day in seen:
            row = {
                "account_key": account,
                "customer_key": customer,
                "opened_date": opened,
                "limit_amount": f"{limit / 100:.2f}",
                "principal_balance": f"{choose.choice([0, -500, limit, limit * 95 // 100, choose.randint(0, 10**6)]) / 100:.2f}",
                "arrears_balance": f"{choose.choice([0, 0, choose.randint(0, 10**5)]) / 100:.2f}",
                "days_past_due": choose.choice([0, 0, 0, choose.randint(1, 120)]),
            }
            _versions(book, choose, "account_snapshot", day, row, {"days_past_due": 7, "principal_balance": "77.77"})


def _loan_application(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    for number in range(choose.randint(0, 25)):
        row = {
            "event_token": f"a{customer}-{number}",
            "customer_key": customer,
            "amount": choose.choice(["1000.00", "1000.01", "12.00"]),
            "lender_id": choose.choice("ABCD"),
            "outcome": choose.choice(["approved", "rejected", "pending", "withdrawn"]),
            "local_date": _day(book, choose),
            "local_hour": choose.choice([0, 4, 5, 12, 23]),
        }
        _versions(book, choose, "loan_application", book.night, row, {"outcome": "rejected"})


def _instalment(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    for number in range(choose.randint(0, 14)):
        due = _day(book, choose) + timedelta(days=choose.choice([0, 0, 40]))
        paid = due + timedelta(days=choose.choice([-40, -16, -15, -1, 0, 1, 7, 8, 30]))
        # at times the payment of the morning after the night is known already
        is_paid = choose.random() < 0.75 and days_before(paid, 1) <= book.night
        row = {
            "instalment_token": hex_token(f"i{customer}-{number}"),
            "account_key": choose.choice(accounts),
            "instalment_no": choose.choice([1, 2]),
            "due_date": due,
            "due_amount": "100.00",
            "paid_date": paid if is_paid else None,
            "paid_amount": choose.choice(["100.00", "130.00", "33.33"]) if is_paid else choose.choice([None, "10.00"]),
            "is_reversed": choose.random() < 0.1,
        }
        _versions(book, choose, "instalment", book.night, row, {"is_reversed": True, "paid_amount": "1.00"})


def _cash_flow(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    keys = {(_day(book, choose), *choose.choice(_FLOWS)) for _ in range(choose.randint(0, 40))}
    for day, direction, kind in sorted(keys):
        row = {"customer_key": customer, "flow_date": day, "direction": direction, "kind": kind}
        row |= {"amount": f"{choose.randint(0, 10**7) / 100:.2f}", "event_count": 1}
        _versions(book, choose, "cash_flow", book.night, row, {"amount": "5.55"})


_FLOWS = (
    ("in", "salary"), ("in", "transfer"), ("out", "consume"), ("out", "withdraw"), ("out", "repay_other"), ("out", "fee"),
)  # fmt: skip


def _session(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    for number in range(choose.randint(0, 20)):
        row = {
            "event_token": f"s{customer}-{number}",
            "customer_key": customer,
            "device_token": f"d{choose.randint(0, 60)}",
            "region_token": choose.choice("xyz"),
            "is_proxy": choose.random() < 0.3,
            "succeeded": choose.random() < 0.7,
        } | _moment(book, choose, "occurred_at")
        _versions(book, choose, "session", book.night, row, {"succeeded": False, "is_proxy": True})


def _bureau_score(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    for day in sorted({_day(book, choose) for _ in range(choose.randint(0, 6))}):
        row = {"customer_key": customer, "observed_date": day, "score": choose.randint(350, 950)}
        row |= {
            "external_debt_amount": f"{choose.randint(0, 10**7) / 100:.2f}",
            "has_new_default": choose.random() < 0.3,
        }
        _versions(book, choose, "bureau_score", book.night, row, {"score": 351})


def _related_product(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    for day in sorted({min(_day(book, choose), book.night) for _ in range(choose.randint(0, 12))} | {book.night}):
        for product in choose.sample(["huabei", "yuebao", "other"], choose.randint(0, 3)):
            row = {"customer_key": customer, "product_code": product, "as_of_date": day}
            row |= {"balance": f"{choose.choice([0, choose.randint(0, 10**6)]) / 100:.2f}"}
            row |= {"days_past_due": choose.choice([0, 0, 12])}
            _versions(book, choose, "related_product", day, row, {"days_past_due": 3, "balance": "9.99"})


def _profile_change(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    for number in range(choose.randint(0, 6)):
        row = {"event_token": f"p{customer}-{number}", "customer_key": customer, "field": "phone"}
        _versions(book, choose, "profile_change", book.night, row | _moment(book, choose, "changed_at"), {})


def _case_event(book: Book, choose: random.Random, customer: int, accounts: list[int]) -> None:
    for number in range(choose.choice([0, 1, 2, 3])):
        kind = choose.choice(["hardship_pause", "hardship_pause", "step_up_verified", "appeal"])
        is_of_account = choose.random() < 0.5
        row = {
            "event_token": f"c{customer}-{number}",
            "kind": kind,
            "account_key": choose.choice(accounts) if is_of_account else None,
            "customer_key": None if is_of_account else customer,
            "from_date": None,
            "to_date": None,
            "outcome": choose.choice([None, "received", "upheld", "withdrawn"]),
        } | _moment(book, choose, "occurred_at")
        if kind == "hardship_pause":
            row["from_date"] = _day(book, choose)
            row["to_date"] = choose.choice([None, row["from_date"] + timedelta(days=choose.randint(0, 60))])
            # a pause without a first day begins on the day it was granted
            row["from_date"] = choose.choice([None, *[row["from_date"]] * 4])
        _versions(book, choose, "case_event", book.night, row, {"occurred_at": row["occurred_at"] + timedelta(hours=1)})


def _moment(book: Book, choose: random.Random, name: str) -> dict:
    """An instant and its local day."""
    day, hour = _day(book, choose), choose.randint(0, 22)
    return {name: datetime.combine(day, time(hour)), "local_date": day, "local_hour": hour}


_FILL = {
    "loan_application": _loan_application,
    "instalment": _instalment,
    "cash_flow": _cash_flow,
    "session": _session,
    "bureau_score": _bureau_score,
    "related_product": _related_product,
    "profile_change": _profile_change,
    "case_event": _case_event,
}
