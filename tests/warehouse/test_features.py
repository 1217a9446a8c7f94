"""Every feature of every customer equals an independent reference, over books full of awkward cases."""

from __future__ import annotations

import csv
import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta
from pathlib import Path

import duckdb
import pytest
from feature_fixtures import Book, build_models, lay, read_features
from feature_reference import Reference
from random_book import SOURCES, random_book

from creditline.project import PROJECT_DIR

LEAP_DAY = date(2024, 2, 29)
YEAR_END = date(2023, 12, 31)
LONG_AGO = date(2022, 1, 1)
DAILY = [LEAP_DAY - timedelta(days=back) for back in (*range(130, 0, -3), 179, 180, 90, 89, 60, 59, 30, 29, 0)]


EVENTS = {
    *("application", "small_application", "rejected_application", "night_application", "late_instalment"),
    *("unpaid_instalment", "reversed_instalment", "troubled_instalment", "first_instalment", "past_due_night"),
    *("related_past_due", "instalment"),
}


# Device to the days back on which it was used; a device is forgotten after 400 days.
OLD_DEVICES = {
    "forgotten": (402, 1),
    "remembered": (401, 1),
    "remembered for long": (700, 401, 1),
    "forgotten again and again": (810, 405, 2),
    "bridged": (500, 200, 1),
    "twice on a day": (402, 0, 0),
}


def _use_old_devices(book: Book, customers: range) -> None:
    for customer in customers:
        for device, days in OLD_DEVICES.items():
            for number, back in enumerate(days):
                day, token = book.night - timedelta(days=back), f"{customer}-{device}-{number}"
                book.deliver(
                    "session", book.night, book.cut_off - timedelta(hours=9),
                    event_token=token, customer_key=customer, device_token=f"{customer} {device}", region_token="x",
                    is_proxy=False, succeeded=True, occurred_at=datetime.combine(day, time(1 + number)),
                    local_date=day, local_hour=1 + number,
                )  # fmt: skip


def _bear_two_ids(book: Book, customers: range) -> None:
    """The file of the night holds a flow of each under a former id, too; one of them comes again in another file."""
    for customer in customers:
        flow = {"customer_key": customer, "flow_date": book.night - timedelta(days=2 + customer % 2), "direction": "in"}
        flow |= {"kind": "transfer", "event_count": 1}
        for amount in ("100.00", "40.00"):
            place = {"business_date": book.night, "batch_id": f"core-{book.night:%Y%m%d}-0", "known_at": book.cut_off}
            rows = book.raw["cash_flow"]
            rows.append(place | {"source_row": len(rows) + 1} | flow | {"amount": amount})
    book.deliver("cash_flow", book.night, book.cut_off, **flow, amount="120.00")


def _month_ends(count: int) -> list[date]:
    months = [(YEAR_END.year - back // 12, YEAR_END.month - back % 12) for back in range(count)]
    return sorted(date(year, month, monthrange(year, month)[1]) for year, month in months)


def _book(case: str) -> Book:
    everything = {name: LONG_AGO for name in ("account_snapshot", *SOURCES)}
    if case == "leap day":
        book = random_book(LEAP_DAY, seed=1, customers=150, nights=sorted(set(DAILY)), coverage=everything)
        book.previous = LEAP_DAY - timedelta(days=3)
        book.maintenance = [
            ("cash_flow", LEAP_DAY - timedelta(days=35), LEAP_DAY - timedelta(days=25)),
            ("*", LEAP_DAY - timedelta(days=27), LEAP_DAY - timedelta(days=20)),
            ("session", LEAP_DAY - timedelta(days=10), LEAP_DAY + timedelta(days=1)),
        ]
        return book
    if case == "month ends":
        book = random_book(YEAR_END, seed=2, customers=100, nights=_month_ends(12), coverage=everything)
        _use_old_devices(book, range(1, 31))
        _bear_two_ids(book, range(1, 21))
        return book
    if case == "edge of coverage":
        # each source reaches back to the first day of one of its windows, and one day short of the next longer one
        reach = {"account_snapshot": 90, "loan_application": 90, "instalment": 91, "cash_flow": 90}
        reach |= {"session": 7, "bureau_score": 10, "related_product": 29, "profile_change": 30}
        edges = {name: LEAP_DAY - timedelta(days=days - 1) for name, days in reach.items()}
        return random_book(LEAP_DAY, seed=3, customers=60, nights=sorted(set(DAILY)), coverage=edges)
    first_night = {"account_snapshot": LEAP_DAY, "loan_application": LEAP_DAY, "profile_change": LONG_AGO}
    return random_book(LEAP_DAY, seed=4, customers=60, nights=[LEAP_DAY], coverage=first_night)


@pytest.mark.parametrize("case", ["leap day", "month ends", "edge of coverage", "first night"])
def test_features_equal_the_reference(case: str, tmp_path: Path) -> None:
    book, file = _book(case), tmp_path / "warehouse.duckdb"
    lay(book, file)
    build_models(file, "+ftr_customer +ftr_last_event")
    reference = Reference(book)
    built, expected = read_features(file), reference.features()

    assert built.keys() == expected.keys()
    differing = [
        f"customer {key}, {name}: {built[key][name]} built, {value} expected"
        for key, row in expected.items()
        for name, value in row.items()
        if built[key][name] != value
    ]
    assert not differing, f"{len(differing)} differ, first: {differing[:8]}"
    assert all(built[key].keys() == row.keys() for key, row in expected.items())
    assert last_events(file) == reference.last_events()
    if case == "leap day":
        assert {event for _, event in reference.last_events()} == EVENTS
        dull = [name for name in next(iter(built.values())) if len({row[name] for row in built.values()} - {None}) < 2]
        assert not dull, f"the book does not try {dull}"
    if case == "month ends":
        # but for those who were verified since, and who use other devices, too: three of the old devices are new again
        assert [row["f33_new_devices_7d"] for row in built.values()].count(3) > 10


def last_events(file: Path) -> dict[tuple[int, str], date]:
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute("select customer_key, event, last_date from ftr_last_event").fetchall()
    assert len(rows) == len({(key, event) for key, event, _ in rows})
    return {(key, event): day for key, event, day in rows}


def test_page_and_seed_and_model_name_the_same_features() -> None:
    with (PROJECT_DIR / "seeds" / "feature.csv").open(newline="") as stream:
        seed = list(csv.DictReader(stream))
    page = (PROJECT_DIR.parent / "docs" / "reference" / "features.md").read_text().splitlines()
    columns = ("feature", "source", "window_days", "unit", "sign", "role", "description")

    assert [line for line in page if re.match(r"\| f\d\d_", line)] == [
        f"| {' | '.join(row[name] for name in columns)} |" for row in seed
    ]
    model = (PROJECT_DIR / "models" / "features" / "customer" / "ftr_customer.sql").read_text()
    assert [row["feature"] for row in seed if f".{row['feature']}" not in model] == []
