"""One person at a time: what a rule must never do to somebody, each with its few nights and the limit that must come out."""

from __future__ import annotations

from pathlib import Path

import pytest
from decision_packs import caps, make_pack, notices, route
from one_person import AT_ONCE, BAD, PERSON, account, day, event, everybody

from creditline.policy import PolicySet


@pytest.fixture
def pack(tmp_path: Path):
    def made(name: str, settings: dict | None = None, rows: dict | None = None):
        return make_pack(tmp_path / name, name, settings=settings or {}, rows=rows or {})

    return made


def test_arrears_older_than_the_warehouse_stay_inherited_in_another_pack(life, pack):
    one, other = pack("one"), pack("other")
    assert life.night(everybody(one, other), account(), facts={"f01_dpd_now": 45})[1]["action"] == "HOLD"
    rerouted = life.night(everybody(other, one), account(), facts={"f01_dpd_now": 46})
    assert rerouted[1]["recommended_minor"] == 50_000_00


def test_a_trigger_is_not_cured_by_changing_packs(life, pack):
    one, other = pack("one"), pack("other")
    life.night(everybody(one, other), account())
    assert life.night(everybody(one, other), account(), facts={"f01_dpd_now": 30})[1]["recommended_minor"] == 10_00
    life.night(everybody(other, one), account(limit=10_00))
    assert life.nights.rows("select trigger_code from dec_trigger where not is_cured") == [
        {"trigger_code": "H1"},
        {"trigger_code": "H2"},
    ]


def test_a_pause_that_becomes_known_later_undoes_the_trigger(life, pack):
    policies = everybody(pack("hard"))
    life.night(policies, account())
    assert life.night(policies, account(), facts={"f01_dpd_now": 30})[1]["display_state"] == "FLOORED"
    pause = event("hardship_pause", 3, "pause", customer_key=PERSON, from_date=day(-40), to_date=day(60))
    life.night(policies, account(limit=10_00), facts={"f01_dpd_now": 0}, events=[pause])
    assert life.nights.rows("select distinct is_cured from dec_trigger") == [{"is_cured": True}]
    life.night(policies, account(limit=10_00), facts={"f01_dpd_now": 0}, events=[pause])
    assert life.nights.rows("select * from dec_trigger") == []


def test_an_announced_cut_waits_and_acts_once(life, pack):
    policies = everybody(pack("slow", AT_ONCE, {"notice_rule": notices(10, 0)}))
    moves = []
    for number in range(1, 25):
        decision = life.night(policies, account(), facts=BAD if number > 2 else {})[1]
        if decision["is_pending"] or decision["action"] != "HOLD":
            moves.append(
                (number, decision["action"], decision["is_notice_required"], decision["pending_effective_date"])
            )
    started = moves[0][0]
    acted = next(number for number, action, *_ in moves if action == "DOWN")
    assert [number for number, *_ in moves][: acted - started + 1] == list(range(started, acted + 1))
    assert acted == started + 10
    assert [number for number, _, is_told, _ in moves if is_told and number < acted] == [started]


def test_a_late_case_file_cuts_nobody(life, pack):
    policies = everybody(pack("cases", {**AT_ONCE, "slots": {"cut_days": 1, "raise_days": 30}}))
    life.night(policies, account())
    protected = life.night(policies, account(), facts=BAD | {"f01_dpd_now": 40}, late=["case_event"])[1]
    assert (protected["recommended_minor"], protected["reason_code_1"]) == (50_000_00, "G4")
    assert life.night(policies, account(), facts=BAD | {"f01_dpd_now": 40})[1]["recommended_minor"] == 10_00


def test_a_withdrawn_hold_and_a_withdrawn_override_are_over(life, pack):
    policies = everybody(pack("cases"))
    override = {
        "account_key": 2,
        "from_date": day(1),
        "to_date": day(30),
        "amount_minor": 3_000_00,
        "actor": "a",
        "approver": "bob",
    }
    stood = [event("legal_hold", 1, "l1", account_key=1), event("override", 1, "o1", **override)]
    life.night(policies, account(1), account(2), events=stood)
    ended = [
        event("legal_hold", 2, "l2", account_key=1, outcome="withdrawn"),
        event("override", 2, "o2", **override, outcome="withdrawn"),
    ]
    decided = life.night(policies, account(1), account(2), events=[*stood, *ended])
    assert decided[1]["action"] == "RESTORE"
    assert decided[1]["drawable_minor"] == 50_000_00
    assert decided[2]["recommended_minor"] == 50_000_00


def test_a_void_night_neither_ends_nor_starts_a_freeze(life, pack):
    policies = everybody(pack("cases"))
    hold = event("legal_hold", 1, "l1", account_key=1, to_date=day(1))
    assert life.night(policies, account(), events=[hold])[1]["action"] == "FREEZE"
    void = life.night(policies, account(), events=[hold], is_void=True)[1]
    assert (void["action"], void["display_state"], void["drawable_minor"]) == ("HOLD", "FROZEN_SECURITY", 0)
    assert void["reason_code_1"] != "F3"
    assert life.night(policies, account(), events=[hold])[1]["action"] == "RESTORE"


def test_the_floor_never_raises_a_line_that_the_core_took_away(life, pack):
    policies = everybody(pack("zero"))
    life.night(policies, account())
    taken = life.night(policies, account(limit=0, raise_consent_code="opted_out"))[1]
    assert (taken["action"], taken["recommended_minor"]) == ("HOLD", 0)


def test_a_limit_at_its_cap_is_shown_capped_every_night(life, pack):
    policies = everybody(pack("cap", rows={"regulatory_cap": _cap()}))
    lowered = life.night(policies, account(limit=150_000_00))[1]
    assert (lowered["action"], lowered["recommended_minor"], lowered["reason_code_1"]) == ("DOWN", 100_000_00, "G1")
    stands = life.night(policies, account(limit=100_000_00))[1]
    assert (stands["action"], stands["display_state"], stands["reason_code_1"]) == ("HOLD", "REG_CAPPED", "G1")


def test_a_cap_and_an_own_maximum_hold_over_packs_that_round_differently(life, pack):
    fine = pack("fine", {"rounding_amount": 10}, {"regulatory_cap": _cap()})
    coarse = pack("coarse", {"rounding_amount": 100}, {"regulatory_cap": _cap()})
    policies = PolicySet(
        (fine, coarse), route(("E1", "*", "fine", "champion", ""), ("E2", "*", "coarse", "champion", ""))
    )
    two = account(1, 50_090_00), account(2, 75_000_00, legal_entity_code="E2")
    assert sum(row["recommended_minor"] for row in life.night(policies, *two).values()) == 100_000_00
    wish = event("limit_request", 2, "m", customer_key=PERSON, amount_minor=20_000_00)
    assert sum(row["recommended_minor"] for row in life.night(policies, *two, events=[wish]).values()) == 20_000_00


def test_a_restriction_is_dated_from_the_night_from_which_it_acts(life, pack):
    """Small applications restrict from their third night in a row on: nobody is to be told of one since the first."""
    policies = everybody(pack("patient"))
    since = "select triggered_date, is_sustained from dec_trigger where trigger_code = 'H5'"
    burst = {"f13_small_apps_7d": 5, "f15_app_burst_x90": 1, "f17_distinct_lenders_30d": 3}
    life.night(policies, account(), facts=dict.fromkeys(burst, 0))
    for number in (2, 3, 4, 5):
        life.night(policies, account(), facts=burst)
        (found,) = life.nights.rows(since)
        assert found == {"triggered_date": day(4 if number >= 4 else 2), "is_sustained": number >= 4}
    life.night(policies, account(), facts=dict.fromkeys(burst, 0))
    assert life.nights.rows(since) == [{"triggered_date": day(4), "is_sustained": True}]


def test_a_challenger_that_is_the_champion_decides_once(life, pack):
    (decision,) = life.night(everybody(pack("same"), challenger=("same", "3000")), account()).values()
    assert decision["recommended_minor"] == 50_000_00
    assert life.nights.rows("select count(*) as decisions from dec_decision") == [{"decisions": 1}]


def test_a_line_of_billions_is_no_overflow(life, pack):
    assert life.night(everybody(pack("wide")), account(limit=4 * 10**12))[1]["expected_loss_minor"] > 0


def _cap() -> list[dict]:
    return caps((("CAP", "*", "*", "*", "LIMIT", "100000.00", "1990-01-01", "", "true"),))
