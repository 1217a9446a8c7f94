"""From the night on which customers become one, or two, their features are those of a book in which they always were."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from datetime import date
from pathlib import Path

import duckdb
import pytest
from feature_fixtures import FLOW, Row, features_by_customer
from hostile_nights import HostileBook, hostile_book
from night_chain import Chain

OLD, NEW = 1, 2
LEAVING = 99
CHANGE_AFTER = 9
# Two customers have a product each, so that there is nothing to choose between.
PRODUCT_OF_THE_OTHER = {OLD: "yuebao", NEW: "huabei"}
# Nights judged nearly full go by the reference limit that each night believed; for changed customers, by tonight's.
BY_BELIEF = "f09_maxed_days_90d"

pytestmark = pytest.mark.slow


def _book(seed: int) -> HostileBook:
    book = hostile_book(seed=seed, customers=6, nights=20, pace="daily")
    seen: set[tuple] = set()
    for key in sorted(book.rows):
        if key[1] == "cash_flow":
            # what comes again says another thing of one customer than of two
            book.rows[key] = [row for row in book.rows[key] if not _is_twin(row, seen)]
        if key[1] == "related_product":
            book.rows[key] = [
                row for row in book.rows[key] if row["product_code"] != PRODUCT_OF_THE_OTHER.get(row["customer_key"])
            ]
    return book


def _is_twin(row: Row, seen: set[tuple]) -> bool:
    customer = NEW if row["customer_key"] == OLD else row["customer_key"]
    flow = (customer, *(row[name] for name in FLOW[1:]))
    if flow in seen:
        return True
    seen.add(flow)
    return False


def _rekeyed(book: HostileBook, rekey: Callable[[date, Row], list[Row]]) -> HostileBook:
    """A copy of the book with other customers in its rows; `rekey` is told the delivery."""
    changed = deepcopy(book)
    changed.rows = {
        key: [other for row in rows for other in (rekey(key[0], row) if row.get("customer_key") else [row])]
        for key, rows in changed.rows.items()
    }
    return changed


def _told(book: HostileBook, day: date, kind: str, old: int, new: int) -> HostileBook:
    book.deliver(
        day,
        "id_change",
        {"kind": kind, "subject": "customer", "old_key": old, "new_key": new, "effective_date": day},
    )
    return book


def _merging(book: HostileBook, day: date) -> tuple[HostileBook, HostileBook]:
    def one(row: Row) -> list[Row]:
        return [row | {"customer_key": NEW if row["customer_key"] == OLD else row["customer_key"]}]

    told = _rekeyed(book, lambda delivery, row: one(row) if delivery >= day else [row])
    always = _rekeyed(book, lambda _, row: one(row))
    for changed, first in ((told, day), (always, date.min)):
        for night, customers in changed.blocked.items():
            if night >= first and OLD in customers:
                changed.blocked[night] = customers - {OLD} | {NEW}
    return _told(told, day, "merge", OLD, NEW), always


def _splitting(book: HostileBook, day: date, left: int) -> tuple[HostileBook, HostileBook]:
    leaving = left * 10 + 1

    def is_leaving(row: Row) -> bool:
        return row.get("account_key") == leaving

    def told_row(delivery: date, row: Row) -> list[Row]:
        return [row | {"customer_key": LEAVING}] if delivery >= day and is_leaving(row) else [row]

    def always_row(_: date, row: Row) -> list[Row]:
        if is_leaving(row):
            return [row | {"customer_key": LEAVING}]
        if row["customer_key"] != left or row.get("account_key") or row["business_date"] >= day:
            return [row]
        token = {name: f"{row[name]}-too" for name in ("event_token",) if name in row}
        return [row, row | {"customer_key": LEAVING} | token]

    always = _rekeyed(book, always_row)
    for night, customers in always.blocked.items():
        if night < day and left in customers:
            always.blocked[night] = customers | {LEAVING}
    return _told(_rekeyed(book, told_row), day, "split", left, LEAVING), always


def _features(root: Path, book: HostileBook) -> dict[date, dict[int, Row]]:
    """The features of every night, each going on from the one before."""
    root.mkdir()
    chain, found = Chain(root, book), {}
    for number, night in enumerate(book.nights):
        if number == 0:
            chain._begin(night)
        with duckdb.connect(str(chain.file)) as connection:
            chain._lay(connection, night, is_carried=number > 0)
            chain._execute(connection)
            found[night] = features_by_customer(connection)
            chain._carry_over(connection, night)
            connection.execute(
                "delete from carried.account where account_key in (select account_key from ftr_reference_limit)"
                " and (account_key, customer_key) not in (select (account_key, customer_key) from ftr_reference_limit)"
            )
        chain.previous = night
    return found


def _differences(root: Path, told: HostileBook, always: HostileBook, day: date, concerned: set[int]) -> list[str]:
    """Where a book that is told of the change differs, from its night on, from one in which it always was so."""
    ours, theirs = _features(root / "told", told), _features(root / "always", always)
    nights = [night for night in told.nights if night >= day]
    assert {customer for night in nights for customer in ours[night]} >= concerned
    assert all(ours[night].keys() == theirs[night].keys() for night in nights)
    before = told.nights[CHANGE_AFTER - 1]
    assert ours[before] != theirs[before]
    return [
        f"{night} customer {customer} {name}: {ours[night][customer][name]}, always {value}"
        for night in nights
        for customer, row in theirs[night].items()
        for name, value in row.items()
        if name != BY_BELIEF and ours[night][customer][name] != value
    ]


@pytest.mark.parametrize("seed", [11])
def test_evidence_of_merged_customers_is_that_of_one_who_always_was(tmp_path, seed):
    book = _book(seed)
    day = book.nights[CHANGE_AFTER]
    assert _differences(tmp_path, *_merging(book, day), day, {NEW}) == []


@pytest.mark.parametrize("seed", [11])
def test_evidence_of_split_customers_is_that_of_two_who_always_were(tmp_path, seed):
    book = _book(seed)
    day = book.nights[CHANGE_AFTER]
    accounts = {row["account_key"] for row in book.rows[day, "account_snapshot", day]}
    left = next(customer for customer in (3, 4, 5, 6) if customer * 10 + 1 in accounts)
    assert _differences(tmp_path, *_splitting(book, day, left), day, {left, LEAVING}) == []
