"""A freeze or a restore of which the core never heard is ordered again, for as long as it is true."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from one_person import PERSON, account, day, event

HOLD = event("legal_hold", 1, "l1", account_key=1)
OVER = event("legal_hold", 2, "l2", account_key=1, outcome="withdrawn")


def ordered(life):
    return [row["action"] for row in life.nights.rows("select * from dec_security_order")]


def left(life, action, expires_at=None):
    """Tonight's order as it left, or another one."""
    (row,) = life.nights.rows("select * from dec_account where account_key = 1 and is_assigned")
    return {
        "sequence": life.number,
        "business_date": day(life.number),
        "adjustment_id": f"order-{life.number}",
        "account_key": 1,
        "customer_key": row["customer_key"],
        "pack": row["pack"],
        "action": action,
        "expires_at": expires_at,
    }


def test_a_freeze_is_ordered_until_the_core_is_told_and_then_no_more(life, policies):
    actions = []
    for told in ((), (), ("FREEZE",), (), ()):
        decision = life.night(policies, account(), events=[HOLD], told=[left(life, action) for action in told])[1]
        actions.append((decision["action"], ordered(life)))
    assert actions == [("FREEZE", ["FREEZE"]), ("FREEZE", ["FREEZE"]), ("HOLD", []), ("HOLD", []), ("HOLD", [])]


def test_who_is_frozen_late_is_told(life, policies):
    life.night(policies, account(), events=[HOLD])
    late = life.night(policies, account(), events=[HOLD])[1]
    assert (late["is_notice_required"], late["effective_date"], late["reason_code_1"]) == (True, day(3), "L1")
    known = life.night(policies, account(), events=[HOLD], told=[left(life, "FREEZE")])[1]
    assert (known["is_notice_required"], known["effective_date"]) == (False, None)


def test_each_order_of_a_freeze_is_one_of_its_own(life, policies):
    ids = set()
    for _ in range(3):
        life.night(policies, account(), events=[HOLD])
        ids |= {row["adjustment_id"] for row in life.nights.rows("select * from dec_security_order")}
    assert len(ids) == 3


def test_a_freeze_that_stands_longer_than_the_core_knows_is_ordered_before_it_runs_out_there(life, policies):
    life.night(policies, account(), events=[HOLD])
    until = datetime.combine(day(2), time(18)) + timedelta(hours=1)
    shorter = life.night(policies, account(), events=[HOLD], told=[left(life, "FREEZE", until)])[1]
    assert (shorter["action"], shorter["is_notice_required"], ordered(life)) == ("HOLD", False, ["FREEZE"])
    assert life.night(policies, account(), events=[HOLD])[1]["action"] == "FREEZE"
    life.night(policies, account(), events=[HOLD], told=[left(life, "FREEZE")])
    assert ordered(life) == []


def test_a_restore_is_decided_until_the_core_is_told(life, policies):
    life.night(policies, account(), events=[HOLD])
    events = [HOLD, OVER]
    first = life.night(policies, account(), events=events, told=[left(life, "FREEZE")])[1]
    untold = life.night(policies, account(), events=events)[1]
    for decision in (first, untold):
        assert (decision["action"], decision["reason_code_1"]) == ("RESTORE", "F3")
        assert (decision["recommended_minor"], decision["drawable_minor"]) == (50_000_00, 50_000_00)
    assert ordered(life) == ["RESTORE"]
    told = life.night(policies, account(), events=events, told=[left(life, "RESTORE")])[1]
    assert (told["action"], ordered(life)) == ("HOLD", [])


def test_what_the_core_ended_by_itself_is_not_restored(life, policies):
    life.night(policies, account(), events=[HOLD])
    until = datetime.combine(day(2), time(18)) + timedelta(hours=1)
    life.night(policies, account(), events=[HOLD, OVER], told=[left(life, "FREEZE", until)])
    assert life.night(policies, account(), events=[HOLD, OVER])[1]["action"] == "HOLD"


def test_a_void_night_orders_nothing(life, policies):
    life.night(policies, account(), events=[HOLD])
    life.night(policies, account(), events=[HOLD], is_void=True)
    assert ordered(life) == []


def test_nobody_is_frozen_by_the_night_on_which_they_rest(life, policies):
    life.night(policies, account(), events=[HOLD])
    merge = {"kind": "merge", "subject": "customer", "old_key": 9, "new_key": PERSON, "effective_date": day(2)}
    resting = life.night(policies, account(), events=[HOLD, OVER], changes=[merge])[1]
    assert (resting["action"], resting["display_state"], ordered(life)) == ("HOLD", "FROZEN_SECURITY", [])


def forget_what_was_told(life):
    """As a state of a release that did not keep it."""
    life.alter_what_is_kept("update memory.kept.account set is_frozen_at_core = null, core_frozen_until_at = null")


def test_what_an_earlier_release_left_frozen_is_ordered_once_more(life, policies):
    life.night(policies, account(), events=[HOLD])
    life.night(policies, account(), events=[HOLD], told=[left(life, "FREEZE")])
    forget_what_was_told(life)
    life.night(policies, account(), events=[HOLD])
    assert ordered(life) == ["FREEZE"]


def test_what_an_earlier_release_left_frozen_is_restored_once(life, policies):
    life.night(policies, account(), events=[HOLD])
    forget_what_was_told(life)
    actions = [life.night(policies, account(), events=[HOLD, OVER])[1]["action"] for _ in range(2)]
    assert actions == ["RESTORE", "HOLD"]


def test_an_account_that_a_snapshot_leaves_out_keeps_what_the_core_was_told(life, policies):
    life.night(policies, account(), account(2), events=[HOLD])
    life.night(policies, account(2), events=[HOLD], told=[left(life, "FREEZE")])
    life.night(policies, account(), account(2), events=[HOLD])
    assert ordered(life) == []
