"""A limit of nothing: a zero of the core is no line, and one that somebody asked for says so. Neither is the floor."""

from __future__ import annotations

from pathlib import Path

import pytest
from decision_packs import caps, make_pack
from one_person import DAILY, PERSON, account, event, everybody

GRANTED = 8_000_00
SHOWN = ("recommended_minor", "action", "display_state", "reason_code_1", "drawable_minor", "is_usable")


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory):
    """Raises every day, and a cap of nothing for one purpose."""
    folder: Path = tmp_path_factory.mktemp("zero")
    nothing = caps((("CAP", "*", "forbidden", "*", "LIMIT", "0.00", "1990-01-01", "", "true"),))
    rows = {"regulatory_cap": nothing, "product_tier": [("p", "any", "100000.00", "0.00", "")]}
    settings = {**DAILY, "slots": {"cut_days": 1, "raise_days": 1}}
    return everybody(make_pack(folder / "zero", "zero", settings=settings, rows=rows))


def shown(decision: dict) -> tuple:
    return tuple(decision[name] for name in SHOWN)


NO_LINE = (0, "HOLD", "NORMAL", "N1", 0, False)


def test_a_zero_of_the_core_is_no_line_and_is_never_raised(life, policies):
    life.night(policies, account(limit=GRANTED))
    for _ in range(3):
        decision = life.night(policies, account(limit=0))[1]
        assert shown(decision) == NO_LINE
        assert (decision["reference_limit_minor"], decision["max_grantable_minor"]) == (0, 0)
    assert life.nights.rows("select newly_floored_count from dec_slice_total") == [{"newly_floored_count": 0}]
    again = life.night(policies, account(limit=3_000_00))[1]
    assert again["reference_limit_minor"] == GRANTED


def test_a_line_of_nothing_from_the_first_night_on_is_no_line(life, policies):
    assert shown(life.night(policies, account(limit=0))[1]) == NO_LINE


@pytest.mark.parametrize(
    ("changed", "wish", "state", "reason"),
    [
        ({}, {"account_key": 1}, "REDUCED", "M1"),
        ({}, {"customer_key": PERSON}, "REDUCED", "M1"),
        ({"purpose_code": "forbidden"}, None, "REG_CAPPED", "G1"),
    ],
    ids=["own maximum of the account", "own maximum of the customer", "cap"],
)
def test_a_zero_of_ours_says_why_on_the_night_that_makes_it_and_later(life, policies, changed, wish, state, reason):
    life.night(policies, account(limit=GRANTED))
    events = [event("limit_request", 2, "m", amount_minor=0, **wish)] if wish else []
    made = life.night(policies, account(limit=GRANTED, **changed), events=events)[1]
    assert shown(made) == (0, "DOWN", state, reason, 0, False)
    later = life.night(policies, account(limit=0, **changed), events=events)[1]
    assert shown(later)[:3] == (0, "HOLD", state)
    assert later["reference_limit_minor"] == GRANTED


def test_a_wish_that_is_withdrawn_gives_the_line_back(life, policies):
    life.night(policies, account(limit=GRANTED))
    wish = event("limit_request", 2, "m", account_key=1, amount_minor=0)
    life.night(policies, account(limit=GRANTED), events=[wish])
    withdrawn = event("limit_request", 3, "n", account_key=1, outcome="withdrawn")
    moved = life.night(policies, account(limit=0), events=[wish, withdrawn])[1]
    assert (moved["action"], moved["reference_limit_minor"]) == ("UP", GRANTED)
    assert moved["recommended_minor"] > 0


def test_a_product_that_grants_nothing_any_more_leaves_the_floor_with_its_reason(life, tmp_path):
    tiers = [("p", "none", "0.00", "0.00", "")]
    nothing = make_pack(tmp_path / "tier", "tier", settings=DAILY, rows={"product_tier": tiers})
    life.night(everybody(nothing), account(limit=GRANTED))
    made = life.night(everybody(nothing), account(limit=GRANTED))[1]
    assert (made["action"], made["display_state"], made["reason_code_1"]) == ("DOWN", "FLOORED", "T1")
