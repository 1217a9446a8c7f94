"""`explain` of a night that was restated tells what was ordered then, what is known since, and what comes back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from corrected_book import ACCOUNTS, CORRECTED, CUT, FLOOR, GRANTED, LAST, NEXT, PEOPLE, run_next

from creditline.explain import AUDIENCES, LANGUAGES, explain_account, explanation_text
from creditline.explain.words import WITHHELD
from creditline.home import Home
from creditline.release import ALL_SLICES, set_mode

ACCOUNT = ACCOUNTS[0]
STRANGER = "A00005"
# What denies the cut, and what asks for something that nobody owes any more.
DENIALS = {
    "en": ("left your limit as it is", "set in the core system", WITHHELD["frozen"]["en"], "pay everything past due"),
    "zh": ("最近一次评估后，您的额度没有变化", "核心系统设定", WITHHELD["frozen"]["zh"], "还清全部逾期"),
}
ARREARS = {"en": "45 days past due", "zh": "逾期45天"}
CORRECTED_RECORDS = {"en": "we corrected our records", "zh": "更正了记录"}
BACK = {"en": "goes back to 5,000 yuan", "zh": "恢复到5,000元"}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("night", [None, CUT], ids=["today", "the night of the cut"])
def test_what_was_ordered_what_is_known_since_and_what_comes_back_are_told(restated, audience, lang, night):
    home, _ = restated
    facts = explain_account(home, ACCOUNT, night, audience, lang)
    text = explanation_text(facts)
    assert not [denial for denial in DENIALS[lang] if denial in text], text
    for told in (ARREARS[lang], CORRECTED_RECORDS[lang], BACK[lang]):
        assert told in text, text
    assert "None" not in text and "{" not in text
    reasons = facts["cause_reasons" if night is None else "reasons"]
    assert [reason["advice"] for reason in reasons] == [None]
    correction = facts["corrections"][0]
    assert (correction["business_date"], correction["effect"]) == (CUT, "uncut")
    assert correction["limit_now_amount"] == Decimal(GRANTED[0])
    assert facts["gives_back"] == {"status": "owed", "amount": Decimal(GRANTED[0]), "date": None}


def test_each_audience_learns_of_the_restatement_what_it_may(restated):
    home, _ = restated
    texts = {audience: explanation_text(explain_account(home, ACCOUNT, CUT, audience)) for audience in AUDIENCES}
    secret = {"why": PEOPLE["reason"], "state": "By the corrected records: action: hold", "who": "approved by checker"}
    seen = {audience: {name for name, said in secret.items() if said in text} for audience, text in texts.items()}
    assert seen == {"customer": set(), "agent": {"why", "state"}, "compliance": set(secret)}
    facts = explain_account(home, ACCOUNT, CUT, "compliance")
    assert facts["decision_sha256"] == facts["corrections"][0]["decision_sha256_then"]
    assert facts["decision_sha256"] != facts["corrections"][0]["decision_sha256_now"]
    customer = explain_account(home, ACCOUNT, CUT, "customer")
    assert customer["corrections"][0]["limit_then_amount"] is None, "the floor is no money to borrow"


@pytest.mark.parametrize("night", [None, CUT, CORRECTED])
def test_whom_nothing_late_touches_hears_nothing_of_it(restated, night):
    home, _ = restated
    facts = explain_account(home, STRANGER, night, "compliance")
    assert (facts["corrections"], facts["gives_back"]) == ([], None)


def test_nobody_promises_what_no_order_can_bring(restated_home):
    set_mode(restated_home, ALL_SLICES, "paused", by="maker")
    facts = explain_account(restated_home, ACCOUNT, CUT)
    assert facts["gives_back"]["status"] == "owed_unordered"
    assert "we cannot name the day yet" in explanation_text(facts)


def test_until_the_core_has_it_back_and_after_the_cut_is_answered_for(restated_home):
    home: Home = restated_home
    run_next(home, NEXT, FLOOR)
    agent = explain_account(home, ACCOUNT, None, "agent")
    assert (agent["change"], agent["is_limit_of_core"]) == ("UP", False)
    assert [one["business_date"] for one in agent["corrections"]] == [CUT]
    assert _given_back(home, CUT) == ("ordered", LAST)
    run_next(home, LAST, GRANTED)
    assert _given_back(home, CUT) == ("returned", LAST)
    assert "Your limit has been back at 5,000 yuan since" in explanation_text(explain_account(home, ACCOUNT, CUT))
    today = explain_account(home, ACCOUNT, None)
    assert (today["cause_date"], today["corrections"]) == (NEXT, [])


def _given_back(home: Home, night: date) -> tuple[str, date]:
    back = explain_account(home, ACCOUNT, night)["gives_back"]
    assert back["amount"] == Decimal(GRANTED[0])
    return back["status"], back["date"]
