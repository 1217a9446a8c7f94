"""A sample of what `scripts/recourse` runs in full, and a broken copy of a rule behind a date, which must be found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from decision_harness import Nights, broken, project_logic, swapped
from recourse_paths import DAY, START, Outcome, People, follow_advice, quick_pack

NIGHTS, PEOPLE, IDLE_EVERY = 50, 80, 4


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return quick_pack(Path(tmp_path_factory.mktemp("recourse")) / "pack")


@pytest.fixture(scope="module")
def outcome(pack):
    return follow_advice(project_logic(), pack, seed=5, people=PEOPLE, nights=NIGHTS, idle_every=IDLE_EVERY)


def test_who_follows_the_advice_is_back_in_time(outcome):
    assert outcome.given > 10
    assert {status for status, _ in outcome.ended} == {"KEPT"}, outcome.examples
    assert sum(outcome.ended.values()) >= 5
    assert outcome.kept_by_a_cut_that_waits == 0


def test_who_does_nothing_makes_the_date_void_and_is_told_by_whom(outcome):
    assert outcome.idle_ended[("VOIDED", "EVIDENCE")] > 0, outcome.idle_ended
    assert "MISSED" not in {status for status, _ in outcome.idle_ended}


@pytest.mark.slow
def test_a_window_that_forgets_too_early_is_found(pack):
    def is_found(outcome: Outcome) -> bool:
        return bool({status for status, _ in outcome.ended} - {"KEPT"})

    change = swapped(r"cast\(rules\.rest_days", "cast(rules.rest_days - 25")
    logic = broken(project_logic(), "dec_recourse_feature", change)
    outcome = follow_advice(logic, pack, seed=5, people=PEOPLE, nights=NIGHTS, stops=is_found)
    assert is_found(outcome), outcome.ended


@pytest.fixture(scope="module")
def answered(pack):
    """The first night on which several are given a date, to be tried again under other circumstances."""
    lives, warehouse, previous = People(5, PEOPLE, pack), Nights(project_logic(), way_back=True), None
    for number in range(NIGHTS):
        day = START + number * DAY
        lives.live(day)
        inputs = lives.inputs(day, previous)
        warehouse.run(inputs, carry=False)
        if len(dates(warehouse)) >= 3:
            yield warehouse, inputs
            break
        warehouse.carry_over()
        previous = day
        lives.take_over(warehouse.rows("select account_key, recommended_minor from dec_decision where is_assigned"))
    warehouse.close()


def dates(warehouse: Nights) -> dict[int, dict]:
    return {row["account_key"]: row for row in warehouse.rows("select * from dec_recourse")}


def test_what_falls_due_before_the_acting_day_counts_as_late(answered):
    warehouse, inputs = answered
    warehouse.run(inputs, carry=False)
    late = {
        row["customer_key"]: row["rest_date"]
        for row in warehouse.rows("select * from dec_recourse_feature where feature = 'f19_late_rate_180d_bp'")
    }
    past_due = [row for row in dates(warehouse).values() if row["pays_past_due"]]
    assert past_due
    assert all(late[row["customer_key"]] == row["act_by_date"] + 180 * DAY for row in past_due)


@pytest.mark.parametrize(
    "tamper",
    [
        "update policy.calendar set value = 'business_days' where kind = 'expected_nights'",
        "insert into policy.calendar by name select policy_version, 'holiday' as kind, 'a feast' as value, '*' as source_name, "
        "date '2026-05-01' as effective_from, date '2026-05-04' as effective_to from policy.pack",
        "update policy.calendar set effective_to = date '2026-12-31'",
    ],
    ids=["only on business days", "a holiday to come", "a calendar that ends"],
)
def test_no_date_where_a_day_may_be_no_night(answered, tamper):
    warehouse, inputs = answered
    warehouse.run(inputs, carry=False, tamper=tamper)
    assert dates(warehouse) == {}


def test_no_date_while_a_feature_is_distrusted(answered):
    warehouse, inputs = answered
    drifted = "update policy.pack set least_customers = 1, most_variation_bp = -1"
    warehouse.run(inputs, carry=False, tamper=drifted)
    assert dates(warehouse) == {}


def test_no_date_where_an_income_to_be_stated_will_bound_the_limit(answered):
    warehouse, inputs = answered
    nobodys = inputs.accounts.set_column(
        inputs.accounts.schema.get_field_index("income_monthly_minor"),
        "income_monthly_minor",
        pa.nulls(len(inputs.accounts), pa.int64()),
    )
    asks = "update policy.pack set most_income_age_days = 180"
    warehouse.run(replace(inputs, accounts=nobodys), carry=False, tamper=asks)
    assert dates(warehouse) == {}
    unbound = asks + "; update policy.product_tier set income_multiple_bp = null"
    warehouse.run(replace(inputs, accounts=nobodys), carry=False, tamper=unbound)
    assert dates(warehouse)
