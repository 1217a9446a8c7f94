"""One person at a time: what a rule must never do to somebody, each with its few nights and the limit that must come out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from decision_harness import (
    ACCOUNT_COLUMNS,
    CHANGE_COLUMNS,
    CORRECTION_COLUMNS,
    EVENT_COLUMNS,
    OPENING_COLUMNS,
    Inputs,
    Nights,
    all_features,
    project_logic,
)
from decision_packs import caps, make_pack, notices, route

from creditline.landing.contract import contract
from creditline.policy import PolicySet
from creditline.warehouse.sources import NightParameters, NightSource

FIRST = date(2026, 3, 2)
PERSON = 7
AT_ONCE = {"confirmation": {"needed_nights": 1, "window_nights": 2, "ewma_alpha_pct": 100}}
WELL = {"f01_dpd_now": 0, "f02_dpd_max_30d": 0, "suspicious_events_new": 0} | dict.fromkeys(
    ("on_time_instalments_90d", "due_instalments_90d"), 3
)
BAD = {
    "f02_dpd_max_30d": 9, "f03_dpd_max_180d": 80, "f04_overdue_days_90d": 40, "f05_overdue_ratio_bp": 9000,
    "f06_util_bp": 9000, "f14_apps_30d": 50, "f24_bounced_payments_90d": 9, "f38_bureau_score": 300,
}  # fmt: skip


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


class Life:
    """The nights of one person from the first on; the core follows only where a test says so."""

    def __init__(self) -> None:
        self.nights, self.previous, self.number = Nights(project_logic()), None, 0

    def night(
        self,
        policies: PolicySet,
        *accounts: dict,
        facts: dict | None = None,
        events: Sequence[dict] = (),
        corrections: Sequence[dict] = (),
        changes: Sequence[dict] = (),
        late: Sequence[str] = (),
        is_void: bool = False,
    ) -> dict[int, dict]:
        """Decide the next night. Returns: the assigned decisions by account."""
        self.number += 1
        tonight = day(self.number)
        people = sorted({PERSON} | {each["customer_key"] for each in accounts})
        features = {"customer_key": people} | {
            name: [(WELL | (facts or {})).get(name)] * len(people) for name in all_features()
        }
        self.nights.run(
            Inputs(
                night=NightParameters(tonight, datetime.combine(tonight, time(18)), self.previous, is_void, "one"),
                sources=[
                    NightSource(
                        name, True, "missing" if name in late else "pass", False, name in late, date(2000, 1, 1)
                    )
                    for name in contract()
                ],
                policies=policies,
                accounts=pa.Table.from_pylist(
                    [account | {"income_as_of_date": tonight} for account in accounts], ACCOUNT_COLUMNS
                ),
                features=pa.table(features, pa.schema([(name, pa.int64()) for name in features])),
                events=pa.Table.from_pylist(list(events), EVENT_COLUMNS),
                corrections=pa.Table.from_pylist(list(corrections), CORRECTION_COLUMNS),
                changes=pa.Table.from_pylist(list(changes), CHANGE_COLUMNS),
                opening=OPENING_COLUMNS.empty_table(),
            )
        )
        if not is_void:
            self.previous = tonight
        return {row["account_key"]: row for row in self.nights.rows("select * from dec_decision where is_assigned")}


@pytest.fixture
def life() -> Iterator[Life]:
    person = Life()
    yield person
    person.nights.close()


def account(key: int = 1, limit: int = 50_000_00, **changed: object) -> dict:
    return {
        "account_key": key,
        "customer_key": PERSON,
        "product_code": "p",
        "status": "active",
        "opened_date": date(2020, 1, 1),
        "limit_minor": limit,
        "principal_minor": 0,
        "legal_entity_code": "E1",
        "purpose_code": "business",
        "channel_code": "branch",
        "income_monthly_minor": 10**12,
        "raise_consent_code": "opted_in",
    } | changed


def event(kind: str, number: int, token: str, **values: object) -> dict:
    known = day(number)
    return {
        "event_token": token,
        "kind": kind,
        "occurred_at": datetime.combine(known, time(12)),
        "local_date": known,
    } | values


@pytest.fixture
def pack(tmp_path: Path):
    def made(name: str, settings: dict | None = None, rows: dict | None = None):
        return make_pack(tmp_path / name, name, settings=settings or {}, rows=rows or {})

    return made


def everybody(*packs, challenger: tuple[str, str] | None = None) -> PolicySet:
    first = packs[0].settings.name
    extra = (("*", "*", challenger[0], "challenger", challenger[1]),) if challenger else ()
    return PolicySet(tuple(packs), route(("*", "*", first, "champion", ""), *extra))


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
        "approver": "b",
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


def test_a_challenger_that_is_the_champion_decides_once(life, pack):
    (decision,) = life.night(everybody(pack("same"), challenger=("same", "3000")), account()).values()
    assert decision["recommended_minor"] == 50_000_00
    assert life.nights.rows("select count(*) as decisions from dec_decision") == [{"decisions": 1}]


def test_a_line_of_billions_is_no_overflow(life, pack):
    assert life.night(everybody(pack("wide")), account(limit=4 * 10**12))[1]["expected_loss_minor"] > 0


def _cap() -> list[dict]:
    return caps((("CAP", "*", "*", "*", "LIMIT", "100000.00", "1990-01-01", "", "true"),))
