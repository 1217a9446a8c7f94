"""A sample of what `scripts/recourse` runs in full, and a broken copy of a rule behind a date, which must be found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from decision_harness import broken, project_logic, swapped
from recourse_paths import follow_advice, quick_pack

NIGHTS, PEOPLE = 50, 60


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return quick_pack(Path(tmp_path_factory.mktemp("recourse")) / "pack")


def test_who_follows_the_advice_is_back_in_time(pack):
    outcome = follow_advice(project_logic(), pack, seed=5, people=PEOPLE, nights=NIGHTS)
    assert outcome.given > 10
    assert {status for status, _ in outcome.ended} == {"KEPT"}, outcome.examples
    assert sum(outcome.ended.values()) >= 5


def test_who_does_nothing_makes_the_date_void_and_is_told_by_whom(pack):
    outcome = follow_advice(project_logic(), pack, seed=5, people=30, nights=30, follow=False)
    assert outcome.ended[("VOIDED", "EVIDENCE")] > 0, outcome.ended
    assert "MISSED" not in {status for status, _ in outcome.ended}, outcome.examples


@pytest.mark.slow
def test_a_window_that_forgets_too_early_is_found(pack):
    change = swapped(r"cast\(rules\.rest_days", "cast(rules.rest_days - 25")
    logic = broken(project_logic(), "dec_recourse_feature", change)
    outcome = follow_advice(logic, pack, seed=5, people=PEOPLE, nights=NIGHTS)
    assert {status for status, _ in outcome.ended} - {"KEPT"}, outcome.ended


# account 1 is frozen, 2 is frozen and has a date, 3 has a date
NIGHT = """
    create table stg_night as select date '2026-03-02' as business_date, timestamp '2026-03-02 18:00:00' as cut_off_at;
    create table dec_limit as select key as account_key, 7 as customer_key, 'v' as policy_version,
        date '2026-03-02' as business_date, true as is_assigned, 640000 as limit_minor from range(1, 4) as keys(key);
    create table dec_overlay as select key as account_key, 'v' as policy_version, true as is_overlaid, 'F1' as reason_code,
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
