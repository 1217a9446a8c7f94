"""A feature that moves overnight as no book does is believed a night later, and moves nobody until then."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pyarrow as pa
import pytest
from decision_harness import (
    ACCOUNT_COLUMNS,
    EVENT_COLUMNS,
    OPENING_COLUMNS,
    Inputs,
    Nights,
    all_features,
    project_logic,
    trusted_sources,
)
from decision_packs import make_pack, route

from creditline.policy import PolicySet
from creditline.warehouse.sources import NightParameters

FIRST = date(2026, 3, 2)
CUSTOMERS = range(1, 101)


@pytest.fixture
def book(tmp_path):
    pack = make_pack(
        tmp_path / "watchful",
        "watchful",
        settings={"drift": {"max_variation_bp": 1000, "min_customers": 100}},
        rows={},
    )
    policies = PolicySet((pack,), route(("*", "*", "watchful", "champion", "")))
    nights = Nights(project_logic())

    def run(number: int, scores: list[int | None]) -> tuple[list[int], list[dict]]:
        """Scores of the customers on a night on which the bureau says so of each, and what drifted."""
        nights.run(_inputs(policies, number, scores))
        decided = nights.rows("select score from dec_decision order by customer_key")
        return [row["score"] for row in decided], nights.rows("select * from dec_feature_drift where is_distrusted")

    yield run
    nights.close()


def _inputs(policies: PolicySet, number: int, scores: list[int | None]) -> Inputs:
    day = FIRST + timedelta(days=number)
    people = CUSTOMERS[: len(scores)]
    account = {
        "product_code": "p", "status": "active", "opened_date": date(2020, 1, 1), "limit_minor": 1_000_000,
        "principal_minor": 0, "legal_entity_code": "E1", "purpose_code": "consumer", "channel_code": "internet",
        "income_monthly_minor": 10**6, "income_as_of_date": day, "raise_consent_code": "opted_in",
    }  # fmt: skip
    values = {name: [0] * len(people) for name in all_features()} | {"f38_bureau_score": list(scores)}
    columns = {"customer_key": people} | values
    return Inputs(
        night=NightParameters(
            day, datetime.combine(day, time(18)), day - timedelta(days=1) if number else None, False, "drift"
        ),
        sources=trusted_sources(date(2000, 1, 1)),
        policies=policies,
        accounts=pa.Table.from_pylist(
            [account | {"account_key": key, "customer_key": key} for key in people], ACCOUNT_COLUMNS
        ),
        features=pa.table(columns, pa.schema([(name, pa.int64()) for name in columns])),
        events=EVENT_COLUMNS.empty_table(),
        opening=OPENING_COLUMNS.empty_table(),
    )


def test_a_feature_that_jumps_for_everybody_is_believed_one_night_later(book):
    usual, fallen = [700] * 100, [350] * 100
    before, _ = book(0, usual)
    tonight, drifted = book(1, fallen)
    assert tonight == before
    assert [(row["feature"], row["variation_bp"]) for row in drifted] == [("f38_bureau_score", 10000)]
    later, drifted = book(2, fallen)
    assert drifted == []
    assert all(score < old for score, old in zip(later, before, strict=True))


def test_what_a_book_can_do_overnight_is_believed(book):
    before, _ = book(0, [700] * 100)
    tonight, drifted = book(1, [350] * 10 + [700] * 90)
    assert drifted == []
    assert sum(score < old for score, old in zip(tonight, before, strict=True)) == 10


def test_one_customer_more_is_too_many(book):
    before, _ = book(0, [700] * 100)
    tonight, drifted = book(1, [None] * 11 + [700] * 89)
    assert [row["variation_bp"] for row in drifted] == [1100]
    assert tonight == before


def test_a_small_book_proves_nothing(book):
    before, _ = book(0, [700] * 99)
    tonight, drifted = book(1, [350] * 99)
    assert drifted == []
    assert max(tonight) < min(before)


def test_what_nobody_had_the_night_before_is_compared_with_nothing(book):
    nobody, known = [None] * 100, [700] * 100
    before, _ = book(0, nobody)
    tonight, drifted = book(1, known)
    assert drifted == []
    assert min(tonight) > max(before)
    lost, drifted = book(2, nobody)
    assert (lost, [row["variation_bp"] for row in drifted]) == (tonight, [10000])
    assert book(3, known) == (tonight, [])
