"""A sample of `scripts/evaluate recourse`, and a broken copy of a rule behind a date, which must be found."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from decision_harness import Nights, broken, project_logic, swapped
from recourse_paths import DAY, START, Outcome, People, follow_advice, quick_pack

NIGHTS, PEOPLE = 50, 80
IDLE, OBSERVED = frozenset(range(4, PEOPLE, 8)), frozenset(range(8, PEOPLE, 8))
# the one whom this seed gives the raise that they were told of within these nights
STUCK = frozenset({52})


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return quick_pack(Path(tmp_path_factory.mktemp("recourse")) / "pack")


@pytest.fixture(scope="module")
def outcome(pack):
    return follow_advice(
        project_logic(), pack, seed=5, people=PEOPLE, nights=NIGHTS, idle=IDLE, observed=OBSERVED, stuck=STUCK
    )


def test_who_follows_the_advice_is_back_in_time(outcome):
    assert outcome.given > 10
    assert {status for status, _ in outcome.ended} == {"KEPT"}, outcome.examples
    assert sum(outcome.ended.values()) >= 3
    assert outcome.kept_by_a_cut_that_waits == 0


def test_who_does_nothing_makes_the_date_void_and_is_told_by_whom(outcome):
    assert outcome.idle_ended[("VOIDED", "EVIDENCE")] > 0, outcome.idle_ended
    assert "MISSED" not in {status for status, _ in outcome.idle_ended}


def test_a_limit_that_was_never_cut_keeps_no_date(outcome):
    assert outcome.observed_ended[("VOIDED", "NOT_ORDERED")] > 0, outcome.observed_ended
    assert "KEPT" not in {status for status, _ in outcome.observed_ended}


def test_a_raise_that_the_core_leaves_out_keeps_no_date(outcome):
    assert outcome.stuck_ended[("VOIDED", "NOT_ORDERED")] > 0, outcome.stuck_ended
    assert "KEPT" not in {status for status, _ in outcome.stuck_ended}


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
    drifted = "update policy.pack set min_customers = 1, max_variation_bp = -1"
    warehouse.run(inputs, carry=False, tamper=drifted)
    assert dates(warehouse) == {}


@pytest.mark.parametrize(
    ("source", "is_asked"),
    [("loan_application", True), ("case_event", True), ("account_snapshot", True), ("opening_state", False)]
    + [(name, False) for name in ("id_change", "gl_balance", "reference_value", "notice_receipt", "adjustment_ack")],
)
def test_a_date_depends_on_the_sources_that_it_is_made_from(answered, source, is_asked):
    warehouse, inputs = answered
    late = [
        replace(row, verdict="missing", is_distrusted=True) if row.source == source else row for row in inputs.sources
    ]
    warehouse.run(inputs, carry=False)
    before = dates(warehouse)
    warehouse.run(replace(inputs, sources=late), carry=False)
    assert dates(warehouse) == ({} if is_asked else before)


@pytest.fixture
def stating(answered):
    """Who is given a date where only these accounts state an income, which raises ask for, and a tier may bound by it."""
    warehouse, inputs = answered

    def dated(keys: set[int], is_bounding: bool) -> dict[int, dict]:
        place = inputs.accounts.schema.get_field_index("income_monthly_minor")
        incomes = [2_000_000 if key in keys else None for key in inputs.accounts["account_key"].to_pylist()]
        accounts = inputs.accounts.set_column(place, "income_monthly_minor", pa.array(incomes, pa.int64()))
        tamper = "update policy.pack set max_income_age_days = 180"
        if not is_bounding:
            tamper += "; update policy.product_tier set income_multiple_bp = null"
        warehouse.run(replace(inputs, accounts=accounts), carry=False, tamper=tamper)
        return dates(warehouse)

    return dated


def test_proof_of_income_is_asked_of_nobody_in_a_book_that_states_none(answered, stating):
    warehouse, inputs = answered
    warehouse.run(inputs, carry=False)
    given = set(dates(warehouse))
    somebody = {next(key for key in inputs.accounts["account_key"].to_pylist() if key not in given)}
    asked = stating(somebody, is_bounding=False)
    assert asked and all(row["updates_income"] for row in asked.values())
    assert stating(set(), is_bounding=False) == {}


def test_no_date_where_an_income_to_be_stated_will_bound_the_limit(answered, stating):
    _, inputs = answered
    everybody = inputs.accounts["account_key"].to_pylist()
    dated = set(stating(set(everybody), is_bounding=True))
    assert dated
    assert set(stating(set(everybody) - dated, is_bounding=True)).isdisjoint(dated)


# account 1 is frozen, 2 is frozen and has a date, 3 has a date
NIGHT = """
    create table stg_night as select date '2026-03-02' as business_date, timestamp '2026-03-02 18:00:00' as cut_off_at;
    create table dec_decision as select key as decision_key, key as account_key, 7 as customer_key, 'v' as policy_version,
        date '2026-03-02' as business_date, true as is_assigned, 640000 as limit_minor from range(1, 4) as keys(key);
    create table dec_overlay as select key as decision_key, key as account_key, true as is_overlaid, 'F1' as reason_code,
        timestamp '2026-03-04 18:00:01' as frozen_until_at from range(1, 3) as keys(key);
    create table recourse_action as select * from (values ('PAY_PAST_DUE', '在{day}前还清{amount}元', 'pay {amount} yuan by {day}'),
        ('VERIFY_IDENTITY', '完成身份验证', 'verify your identity')) as actions(action, zh, en);
    create table dec_promise as select key as account_key, 7 as customer_key, 'v' as policy_version,
        date '2026-03-02' as business_date, date '2026-03-09' as act_by_date, 31200 as arrears_minor, false as stops_applying,
        false as clears_related, true as pays_past_due, false as pays_on_time, false as gives_consent, false as updates_income,
        date '2026-08-01' as first_raised_on_date, 500000 as first_raised_minor, 640000 as restores_to_minor,
        date '2026-09-04' as restores_on_date, date '2026-03-01' as promised_date, 'OPEN' as status,
        null::varchar as voided_by, null::varchar as void_reason from range(2, 4) as keys(key);
    create table dec_recourse as select * exclude (promised_date, status, voided_by, void_reason) from dec_promise limit 0;
"""


@pytest.fixture(scope="module")
def answers():
    """What the accounts of NIGHT are told, by account."""
    model = next(model for model in project_logic().models if model.name == "dec_recourse_text")
    with duckdb.connect() as connection:
        connection.execute(NIGHT)
        told = connection.execute(model.sql.replace('"warehouse"."main".', "")).to_arrow_table().to_pylist()
    return {row["account_key"]: row for row in told}


def test_a_freeze_has_a_day_of_its_own_beside_a_promise(answers):
    back, free, asked = ("restores_on_date", "unfrozen_on_date", "action_needed")
    told = {key: (row["promise_status"], row[back], row[free], row[asked]) for key, row in answers.items()}
    assert told == {
        1: (None, None, date(2026, 3, 6), "VERIFY_IDENTITY"),
        2: ("OPEN", date(2026, 9, 4), date(2026, 3, 6), "PAY_PAST_DUE,VERIFY_IDENTITY"),
        3: ("OPEN", date(2026, 9, 4), None, "PAY_PAST_DUE"),
    }


def test_what_ends_a_freeze_is_not_said_to_bring_a_limit_back(answers):
    assert [answers[key]["sooner_en"] for key in (1, 2, 3)] == ["verify your identity", "verify your identity", None]
    assert [answers[key]["actions_zh"] for key in (1, 2)] == ["", "在3月9日前还清312元"]


def test_a_day_is_said_as_people_say_it(answers):
    assert answers[3]["actions_en"] == "pay 312 yuan by 9 March"
