"""Two persons who turn out to be one: what either was told or asked for stays, and nobody is answered by the other's answer."""

from __future__ import annotations

import pytest
from one_person import BAD, LIMIT, PERSON, Life, account, cases, day, event

from creditline.policy import PolicySet

OTHER = 8
MERGED = 4
AFTER = MERGED + 1


def live_until(life: Life, policies: PolicySet, number: int, events: list[dict], facts: dict | None = None) -> dict:
    """Nights up to this one; on the night `MERGED` the person becomes the other one. Returns: the person's decision of the last."""
    while life.number < number:
        night = life.number + 1
        merge = {
            "kind": "merge",
            "subject": "customer",
            "old_key": PERSON,
            "new_key": OTHER,
            "effective_date": day(MERGED),
        }
        owner = PERSON if night < MERGED else OTHER
        told = [each for each in events if each["local_date"] <= day(night)]
        decided = life.night(
            policies,
            account(1, customer_key=owner),
            account(2, customer_key=OTHER),
            facts=facts if night > MERGED else None,
            events=told,
            changes=[merge] if night == MERGED else [],
        )
    return decided[1]


def of_person(kind: str, number: int, token: str, **values: object) -> dict:
    return event(kind, number, token, customer_key=PERSON, **values)


def of_other(kind: str, number: int, token: str, **values: object) -> dict:
    return event(kind, number, token, customer_key=OTHER, **values)


HOLDS = [of_person("legal_hold", 1, "a"), of_other("legal_hold", 1, "b")]


def test_a_hold_does_not_end_by_the_withdrawal_of_another_ones(life, policies):
    events = [*HOLDS, of_other("legal_hold", 2, "c", outcome="withdrawn")]
    assert live_until(life, policies, AFTER, events)["display_state"] == "FROZEN_SECURITY"
    assert cases(life, "case_id", "state") == [("a", "RUNNING"), ("b", "WITHDRAWN")]
    assert life.nights.rows("select customer_key from dec_restricted_customer") == [{"customer_key": OTHER}]


def test_what_is_withdrawn_of_the_survivor_is_withdrawn_of_both(life, policies):
    events = [*HOLDS, of_other("legal_hold", AFTER, "c", outcome="withdrawn")]
    assert live_until(life, policies, AFTER + 1, events)["display_state"] == "NORMAL"
    assert cases(life, "case_id", "state") == [("a", "WITHDRAWN"), ("b", "WITHDRAWN")]


APPEALS = [of_person("appeal", 1, "a"), of_other("appeal", 2, "b")]


def test_an_appeal_stays_open_when_another_one_is_answered(life, policies):
    events = [*APPEALS, of_other("appeal", 3, "c", outcome="upheld")]
    decided = live_until(life, policies, AFTER + 1, events, facts=BAD)
    assert (decided["action"], decided["recommended_minor"]) == ("HOLD", LIMIT)
    assert cases(life, "case_id", "state", "is_open") == [("a", "RECEIVED", True), ("b", "UPHELD", False)]


def test_an_answer_to_the_survivor_answers_what_is_open_and_moves_no_case_that_was_closed(life, policies):
    events = [
        *APPEALS,
        of_other("appeal", 3, "c", outcome="overturned"),
        of_other("appeal", AFTER, "d", outcome="upheld"),
        of_other("appeal", AFTER + 1, "e", outcome="partial"),
    ]
    live_until(life, policies, AFTER + 1, events)
    assert cases(life, "case_id", "state", "closed_date") == [
        ("a", "UPHELD", day(AFTER)),
        ("b", "PARTIAL", day(3)),
    ]


@pytest.mark.parametrize(("own", "others"), [(30_000_00, 40_000_00), (40_000_00, 30_000_00)])
def test_of_two_maxima_the_lower_counts_until_the_survivor_asks_anew(life, policies, own, others):
    events = [
        of_person("limit_request", 1, "a", amount_minor=own),
        of_other("limit_request", 2, "b", amount_minor=others),
    ]
    live_until(life, policies, AFTER, events)
    assert sum(row["recommended_minor"] for row in assigned(life)) == 30_000_00
    assert {state for _, state in cases(life, "case_id", "state")} == {"RUNNING"}
    events.append(of_other("limit_request", AFTER + 1, "c", amount_minor=60_000_00))
    live_until(life, policies, AFTER + 1, events)
    assert sum(row["recommended_minor"] for row in assigned(life)) == 60_000_00
    assert cases(life, "case_id", "state") == [("a", "REPLACED"), ("b", "REPLACED"), ("c", "RUNNING")]


def assigned(life: Life) -> list[dict]:
    return life.nights.rows("select * from dec_decision where is_assigned")


def test_an_answer_to_the_survivor_is_no_case_of_the_survivors(life, policies):
    live_until(life, policies, AFTER, [of_person("appeal", 1, "a"), of_other("appeal", AFTER, "d", outcome="upheld")])
    assert cases(life, "case_id", "state", "closed_date") == [("a", "UPHELD", day(AFTER))]


THIRD = 9


def test_what_was_answered_stays_answered_when_the_survivor_is_merged_in_turn(life, policies):
    events = [
        of_person("appeal", 1, "a"),
        of_person("legal_hold", 1, "h"),
        of_person("limit_request", 1, "m", amount_minor=30_000_00),
        of_other("appeal", AFTER, "b", outcome="upheld"),
        of_other("legal_hold", AFTER, "i", outcome="withdrawn"),
        of_other("limit_request", AFTER, "n", amount_minor=60_000_00),
    ]
    live_until(life, policies, AFTER + 1, events)
    merge = {"kind": "merge", "subject": "customer", "old_key": OTHER, "new_key": THIRD}
    for changes in ([merge | {"effective_date": day(AFTER + 2)}], []):
        accounts = (account(key, customer_key=THIRD) for key in (1, 2))
        life.night(policies, *accounts, events=events, changes=changes)
    assert cases(life, "case_id", "is_open") == [("a", False), ("h", False), ("m", False), ("n", True)]
    standing = life.nights.rows("select * from dec_open_case order by account_key")
    assert [(row["has_open_appeal"], row["is_legal_hold"], row["customer_maximum_minor"]) for row in standing] == [
        (False, False, 60_000_00)
    ] * 2
