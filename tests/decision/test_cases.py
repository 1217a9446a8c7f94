"""Cases of one person: what state each is in, what stays open, what an appeal is rechecked with, and who gets back what."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import duckdb
import pytest
from decision_harness import project_logic
from decision_packs import make_pack
from one_person import BAD, DAILY, LIMIT, PERSON, Life, account, cases, day, event

from creditline.policy import PolicySet

WORSE = BAD | {"f03_dpd_max_180d": 150}


def appeal(number: int, token: str, outcome: str | None = None, **values: object) -> dict:
    about = {} if "customer_key" in values else {"account_key": 1}
    return event("appeal", number, token, outcome=outcome, **about, **values)


def someone(key: int, number: int = 1, **changed: object) -> dict:
    """An account of a person of its own: many lives in one night, which do not touch each other."""
    return account(10 * (number - 1) + key, customer_key=PERSON + 100 * key, **changed)


# ---- states and clocks


STATES = [
    ([None], "RECEIVED", True, None),
    (["received", "with_human"], "WITH_HUMAN", True, None),
    (["received", "upheld"], "UPHELD", False, 2),
    (["received", "with_human", "partial"], "PARTIAL", False, 3),
    (["received", "overturned"], "OVERTURNED", False, 2),
    (["received", "overturned", "restored"], "RESTORED", False, 2),
    (["received", "withdrawn"], "WITHDRAWN", False, 2),
    (["upheld"], "UPHELD", False, 1),
]


def test_a_request_is_in_the_state_of_its_latest_event(life, policies):
    events = [
        event("appeal", number, f"{key} {number}", outcome=outcome, account_key=key)
        for key, (outcomes, *_) in enumerate(STATES, start=1)
        for number, outcome in enumerate(outcomes, start=1)
    ]
    life.night(policies, *(someone(key) for key in range(1, len(STATES) + 1)), events=events)
    found = cases(life, "account_key", "state", "is_open", "opened_date", "closed_date")
    assert sorted(found) == [
        (key, state, is_open, day(1), day(closed) if closed else None)
        for key, (_, state, is_open, closed) in enumerate(STATES, start=1)
    ]


def test_an_answer_ends_a_request_and_the_next_event_opens_another(life, policies):
    events = [appeal(1, "a"), appeal(2, "b", "upheld"), appeal(3, "c"), appeal(3, "d", customer_key=PERSON)]
    life.night(policies, account(), events=events)
    assert cases(life, "case_id", "account_key", "state") == [
        ("a", 1, "UPHELD"),
        ("c", 1, "RECEIVED"),
        ("d", None, "RECEIVED"),
    ]


def test_the_clock_is_the_packs(life, policies):
    clocks = {"appeal": 20, "human_review": 15, "opt_out_automated": 15}
    life.night(policies, account(), events=[event(kind, 1, kind, account_key=1) for kind in clocks])
    due = {kind: day(1) + timedelta(days=days) for kind, days in clocks.items()}
    assert dict(cases(life, "case_id", "due_date")) == due


@pytest.mark.parametrize("account_key", [1, 99], ids=["its account", "an account that the snapshot leaves out"])
def test_of_two_packs_the_shorter_clock_counts(life, policies, tmp_path, account_key):
    packs = {}
    for name, days in (("slow", "30"), ("quick", "9")):
        lines = [
            tuple(days if row["param"] == "appeal_answer_days" and column == "value" else row[column] for column in row)
            for row in policies.packs[0].tables["regulatory_parameter"]
        ]
        packs[name] = make_pack(tmp_path / name, name, settings=DAILY, rows={"regulatory_parameter": lines})
    rows = [
        {"legal_entity_code": entity, "product_code": "*", "pack": pack, "role": "champion", "share_bp": ""}
        | {"effective_from": "1990-01-01", "effective_to": ""}
        for entity, pack in (("*", "slow"), ("E2", "quick"))
    ]
    both = PolicySet(tuple(packs.values()), tuple(rows))
    about = {"customer_key": PERSON} if account_key == 1 else {"account_key": account_key}
    life.night(both, account(1), account(2, legal_entity_code="E2"), events=[event("appeal", 1, "e", **about)])
    assert cases(life, "due_date") == [(day(1) + timedelta(days=9),)]


def test_cases_with_dates_run_and_end(life, policies):
    late = {"from_date": day(-9), "to_date": day(-1)}
    events = [
        event("hardship_pause", 1, "a", account_key=1, from_date=day(1), to_date=day(9)),
        event("hardship_pause", 1, "b", account_key=1, **late),
        event("hardship_pause", 1, "c", account_key=1, outcome="withdrawn"),
        event("legal_hold", 1, "d", account_key=2, from_date=day(4)),
        event("legal_hold", 1, "e", customer_key=PERSON),
        event("legal_hold", 2, "f", customer_key=PERSON, outcome="withdrawn"),
        event("limit_request", 1, "g", account_key=1, amount_minor=1000_00),
        event("limit_request", 2, "h", account_key=1, amount_minor=2000_00),
    ]
    life.number = 1
    life.night(policies, account(1), account(2), events=events)
    assert cases(life, "case_id", "state", "closed_date") == [
        ("a", "RUNNING", None),
        ("b", "ENDED", day(-1)),
        ("c", "WITHDRAWN", day(1)),
        ("d", "SCHEDULED", None),
        ("e", "WITHDRAWN", day(2)),
        ("g", "REPLACED", day(2)),
        ("h", "RUNNING", None),
    ]


LONG_AGO = """
    create table stg_night as select date '2026-03-02' as business_date;
    create table stg_case_event as select token as event_token, kind, case when kind = 'appeal' then 1 end as account_key,
        7 as customer_key, 7 as filed_key, day + interval 12 hour as occurred_at, day as local_date, outcome, until as to_date,
        null as business_date, null as batch_id, null as known_at, null as source_row, null as amount_minor, null as from_date,
        null as actor, null as approver, null as ground, null as local_hour
    from (values
        ('opened', 'appeal', date '2024-01-01', null, null), ('with a human', 'appeal', date '2024-02-01', 'with_human', null),
        ('closed', 'human_review', date '2024-01-01', null, null), ('answer', 'human_review', date '2024-02-01', 'upheld', null),
        ('hold', 'legal_hold', date '2024-01-01', null, null),
        ('end of hold', 'legal_hold', date '2024-01-02', 'withdrawn', date '2024-01-02'),
        ('another hold', 'legal_hold', date '2024-01-03', null, date '2024-01-04'),
        ('granted', 'override', date '2024-01-01', null, date '2026-12-31'),
        ('taken back', 'override', date '2024-02-01', 'withdrawn', null),
        ('granted for a day', 'override', date '2024-03-01', null, date '2024-03-02'),
        ('asked', 'limit_request', date '2024-01-01', 'withdrawn', null), ('asked anew', 'limit_request', date '2024-02-01', null, null)
    ) as events(token, kind, day, outcome, until);
    create table case_outcome as from (values ('received', true), ('with_human', true), ('upheld', false), ('withdrawn', false))
        as outcomes(outcome, is_open);
    create table case_kind as from (values ('appeal', true), ('human_review', true), ('legal_hold', false), ('override', false),
        ('limit_request', false)) as kinds(kind, is_answered);
"""


def test_of_what_began_long_ago_all_is_kept_that_says_what_stands():
    model = next(model for model in project_logic().models if model.name == "ftr_carried_case_event")
    with duckdb.connect() as connection:
        connection.execute(LONG_AGO)
        kept = connection.execute(model.sql.replace('"warehouse"."main".', "")).to_arrow_table()
    assert {*kept["event_token"].to_pylist()} == {
        "opened",
        "with a human",
        "answer",
        "hold",
        "end of hold",
        "another hold",
        "granted",
        "taken back",
        "granted for a day",
        "asked anew",
    }


# ---- a second person


ALONE = [
    ("a", None),
    (None, "b"),
    ("a", ""),
    ("a", "  "),
    ("", "b"),
    ("a", "a"),
    ("officer_a", "Officer_A"),
    ("a", " a "),
    ("ann", "A.nn"),
    ("ann", "anna"),
]


def test_an_override_without_a_second_person_does_nothing(life, policies):
    dates = {"from_date": day(1), "to_date": day(9), "amount_minor": 70_000_00}
    events = [
        event("override", 1, f"o{key}", account_key=key, actor=actor, approver=approver, **dates)
        for key, (actor, approver) in enumerate(ALONE, start=1)
    ]
    keys = range(1, len(ALONE) + 1)
    decided = life.night(policies, *map(someone, keys), events=events)
    assert {key: row["recommended_minor"] for key, row in decided.items()} == dict.fromkeys(keys, LIMIT)
    found = cases(life, "account_key", "state", "is_open")
    assert sorted(found) == [(key, "REFUSED", False) for key in keys]


def test_an_override_of_two_people_stands(life, policies):
    dates = {"from_date": day(1), "to_date": day(9), "amount_minor": 70_000_00}
    both = event("override", 1, "o", account_key=1, actor="ann", approver="bob", **dates)
    assert life.night(policies, account(), events=[both])[1]["recommended_minor"] == 70_000_00
    assert cases(life, "state", "is_open") == [("RUNNING", True)]


# ---- nothing falls while a request is open


def test_a_request_blocks_cuts_until_a_case_event_answers_it(life, policies):
    requests = [
        (kind, {subject: key if subject == "account_key" else someone(key)["customer_key"]})
        for key, (kind, subject) in enumerate(
            product(("appeal", "human_review", "opt_out_automated"), ("account_key", "customer_key")), start=1
        )
    ]
    people = [someone(key) for key in range(1, len(requests) + 1)]

    def said(number: int, outcome: str | None = None) -> list[dict]:
        return [
            event(kind, number, f"{key} {number}", outcome=outcome, **subject)
            for key, (kind, subject) in enumerate(requests, start=1)
        ]

    events = said(2)
    life.night(policies, *people)
    for number in range(2, 5):
        if number == 4:
            events += said(4, "with_human")
        decided = life.night(policies, *people, facts=BAD, events=events)
        for key, (kind, _) in enumerate(requests, start=1):
            if number > 2 and kind != "appeal":
                # what is appealed is no evidence: only the others would be cut
                assert decided[key]["reason_code_1"] == "P4"
            assert (decided[key]["action"], decided[key]["recommended_minor"]) == ("HOLD", LIMIT), (number, key, kind)
    decided = life.night(policies, *people, facts=BAD, events=[*events, *said(5, "upheld")])
    assert {key: row["action"] for key, row in decided.items()} == dict.fromkeys(decided, "DOWN")
    assert len(decided) == len(requests)


# ---- the recheck


@pytest.fixture
def cut(life, policies):
    """A person whose limit was cut last night because of arrears and a bad outside score; the core has done it."""
    life.night(policies, account())
    decision = life.night(policies, account(), facts=BAD)[1]
    assert decision["action"] == "DOWN"
    return account(limit=decision["recommended_minor"])


def verdicts(life: Life) -> dict[str, str]:
    return {
        row["feature"]: row["verdict"] for row in life.nights.rows("select feature, verdict from dec_appeal_recheck")
    }


def test_facts_that_stand_are_said_to_stand(life, policies, cut):
    life.night(policies, cut, facts=BAD, events=[appeal(3, "a")])
    assert set(verdicts(life).values()) == {"STANDS"}
    assert cases(life, "state", "recheck_result", "is_target_higher") == [("RECHECKED", "FACTS_STAND", False)]


def test_a_fact_that_is_another_tonight_is_found(life, policies, cut):
    life.night(policies, cut, facts=BAD | {"f38_bureau_score": 700, "f02_dpd_max_30d": 0}, events=[appeal(3, "a")])
    found = verdicts(life)
    changed = {"f38_bureau_score", "f02_dpd_max_30d"} & found.keys()
    assert changed
    assert {found[name] for name in changed} == {"BETTER"}
    assert cases(life, "state", "recheck_result", "is_target_higher") == [("RECHECKED", "FACTS_CHANGED", True)]


def test_a_distrusted_source_proves_nothing(life, policies, cut):
    life.night(policies, cut, facts=WORSE, events=[appeal(3, "a")], late=["account_snapshot"])
    assert "UNKNOWN" in verdicts(life).values()


def test_a_late_correction_is_pointed_at(life, policies, cut):
    corrections = [{"source": "account_snapshot", "corrected_date": day(2), "customer_key": PERSON}]
    life.night(policies, cut, facts=BAD, events=[appeal(3, "a")], corrections=corrections)
    rows = life.nights.rows("select source, is_corrected from dec_appeal_recheck")
    assert {row["source"]: row["is_corrected"] for row in rows}["account_snapshot"] is True
    assert not any(row["is_corrected"] for row in rows if row["source"] != "account_snapshot")


def test_there_is_nothing_to_recheck_where_no_cut_of_ours_stands(life, policies, cut):
    life.night(policies, account(limit=cut["limit_minor"] - 100_00), facts=BAD, events=[appeal(3, "a")])
    assert verdicts(life) == {}
    assert cases(life, "state", "recheck_result") == [("RECEIVED", None)]


# ---- what a bad row took


def overturned(number: int, source: str = "bureau_score", night: int = 2, outcome: str = "overturned") -> dict:
    """An appeal of somebody else, whose row was bad."""
    ground = f"bad_source_row.{source}.{day(night)}"
    return event("appeal", number, "z", customer_key=PERSON + 1, outcome=outcome, ground=ground)


def correction(source: str = "bureau_score", night: int = 2) -> dict:
    return {"source": source, "corrected_date": day(night), "customer_key": PERSON}


@pytest.mark.parametrize("outcome", ["overturned", "partial"])
def test_a_limit_that_a_bad_row_cut_comes_back_at_once(life, policies, cut, outcome):
    restored = life.night(policies, cut, events=[overturned(3, outcome=outcome)], corrections=[correction()])[1]
    assert (restored["action"], restored["recommended_minor"], restored["reason_code_1"]) == ("UP", LIMIT, "P6")
    assert restored["is_notice_required"]


RAISED = event(
    "override", 3, "o", account_key=1, actor="ann", approver="bob", amount_minor=LIMIT, from_date=day(3), to_date=day(3)
)


@pytest.mark.parametrize(
    ("between", "action"),
    [({"facts": WORSE}, "DOWN"), ({"facts": BAD, "events": [RAISED]}, "UP")],
    ids=["another cut", "a raise"],
)
def test_what_was_decided_since_and_never_applied_hides_no_cut(life, policies, cut, between, action):
    assert life.night(policies, cut, **between)[1]["action"] == action
    restored = life.night(policies, cut, events=[overturned(4)], corrections=[correction()])[1]
    assert (restored["action"], restored["reason_code_1"]) == ("UP", "P6")


def test_a_cut_is_over_once_the_core_has_a_later_one(life, policies, cut):
    later = life.night(policies, cut, facts=WORSE)[1]
    assert later["action"] == "DOWN"
    below = account(limit=later["recommended_minor"])
    life.night(policies, below, facts=WORSE, events=[appeal(4, "a")])
    assert {row["decided_date"] for row in life.nights.rows("select * from dec_standing_cut")} == {day(3)}
    life.night(policies, below, facts=WORSE, events=[appeal(4, "a")])
    assert {row["decided_date"] for row in life.nights.rows("select * from dec_carried_cut")} == {day(3)}


def test_it_comes_back_as_far_as_the_corrected_evidence_goes(life, policies, cut):
    still = BAD | dict.fromkeys(
        ("f02_dpd_max_30d", "f03_dpd_max_180d", "f04_overdue_days_90d", "f05_overdue_ratio_bp"), 0
    )
    restored = life.night(policies, cut, facts=still, events=[overturned(3)], corrections=[correction()])[1]
    assert restored["recommended_minor"] == restored["tonight_target_minor"] // 1000 * 1000
    assert cut["limit_minor"] < restored["recommended_minor"] < LIMIT
    unchanged = life.night(policies, cut, facts=BAD, events=[overturned(3)])[1]
    assert unchanged["recommended_minor"] <= cut["limit_minor"]


def test_the_appeal_may_come_after_the_correction_and_freezes_do_not_lose_it(life, policies, cut):
    assert life.night(policies, cut, corrections=[correction()])[1]["action"] == "HOLD"
    hold = event("legal_hold", 4, "h", account_key=1, to_date=day(4))
    frozen = life.night(policies, cut, events=[hold, overturned(4)])[1]
    assert (frozen["action"], frozen["recommended_minor"]) == ("FREEZE", cut["limit_minor"])
    assert life.night(policies, cut, events=[hold, overturned(4)])[1]["action"] == "RESTORE"
    assert life.night(policies, cut, events=[hold, overturned(4)])[1]["recommended_minor"] == LIMIT


@pytest.mark.parametrize(
    ("events", "corrections"),
    [
        ([overturned(3, outcome="upheld")], [correction()]),
        ([overturned(3, source="cash_flow")], [correction()]),
        ([overturned(3, night=1)], [correction()]),
        ([overturned(3)], [correction(night=1)]),
        ([overturned(3)], []),
        ([], [correction()]),
    ],
    ids=["upheld", "another source", "another night", "another correction", "no correction", "no appeal"],
)
def test_nothing_comes_back_otherwise(life, policies, cut, events, corrections):
    assert life.night(policies, cut, events=events, corrections=corrections)[1]["action"] == "HOLD"


def test_a_cut_before_the_bad_row_is_none_of_its_doing(life, policies, cut):
    life.night(policies, cut)
    later = [correction(night=3)]
    assert life.night(policies, cut, events=[overturned(4, night=3)], corrections=later)[1]["action"] == "HOLD"


def test_what_the_core_took_is_not_given_back(life, policies, cut):
    lower = account(limit=cut["limit_minor"] - 100_00)
    assert life.night(policies, lower, events=[overturned(3)], corrections=[correction()])[1]["action"] == "HOLD"


@pytest.mark.parametrize(
    ("source", "is_cured"), [("account_snapshot", True), ("bureau_score", False)], ids=["its source", "another source"]
)
def test_a_trigger_that_a_bad_row_hit_is_gone(life, policies, source, is_cured):
    life.night(policies, account())
    assert life.night(policies, account(), facts={"f01_dpd_now": 30})[1]["recommended_minor"] == 10_00
    decision = life.night(
        policies, account(limit=10_00), events=[overturned(3, source)], corrections=[correction(source)]
    )[1]
    assert decision["recommended_minor"] == (LIMIT if is_cured else 10_00)


# ---- who is restricted


def test_of_whom_nothing_may_be_told(life, policies):
    one, two = (lambda key, **changed: someone(key, 1, **changed)), (lambda key, **changed: someone(key, 2, **changed))
    people = [
        ([one(1), two(1)], [], False),
        ([one(2), two(2, status="deceased")], [], True),
        ([one(3), two(3, status="closed")], [], False),
        ([one(4)], [event("legal_hold", 1, "l4", account_key=4)], True),
        ([one(5)], [event("legal_hold", 1, "l5", customer_key=one(5)["customer_key"])], True),
        ([one(6)], [event("legal_hold", 1, "l6", account_key=6, from_date=day(2))], False),
        ([one(7)], [event("appeal", 1, "l7", account_key=7)], False),
    ]
    accounts = [each for theirs, *_ in people for each in theirs]
    life.night(policies, *accounts, events=[each for _, events, _ in people for each in events])
    restricted = {row["customer_key"] for row in life.nights.rows("select customer_key from dec_restricted_customer")}
    assert restricted == {theirs[0]["customer_key"] for theirs, _, is_restricted in people if is_restricted}
