"""`explain` says what the core was told: of a decision that is not ordered a customer hears nothing."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest
from homes import copy_home
from laid_orders import take_back
from resigned import lay_record, resign
from sample_book import RunBook
from test_explain import LATEST, accounts_where

from creditline.explain import explain_account
from creditline.explain.text import explanation_text
from creditline.explain.words import LANGUAGES, WITHHELD
from creditline.gate.identity import account_key_of
from creditline.home.publications import REVISION
from creditline.publish.reader import open_marts
from creditline.release import ALL_SLICES, release, release_security, set_mode
from creditline.release.feed import SECURITY, last_record
from creditline.release.wording import money

CUT = f"display_state = 'FLOORED' and action = 'DOWN' and {LATEST}"
FREEZE = f"action = 'FREEZE' and {LATEST}"


@pytest.fixture(scope="module")
def behind(floored_book, tmp_path_factory):
    """The book of floored customers with its newest night decided and published, and nothing of it released."""
    home = copy_home(floored_book.home, tmp_path_factory.mktemp("behind") / "home")
    take_back(home)
    return home


@pytest.fixture
def home(behind, tmp_path):
    return copy_home(behind, tmp_path / "home")


def switch(home, mode):
    set_mode(home, ALL_SLICES, mode, by="maker", approved_by="checker")


def hold(home):
    """The breaker holds every slice of the newest night."""
    file = home.published / str(home.published_dates()[-1]) / REVISION / "marts" / "fct_slice_night.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"create table rows as select * replace (true as is_held, 'cuts' as hold_reason) from '{file}'"
        )
        connection.execute(f"copy rows to '{file}' (format parquet)")
    resign(home)


def expire(home, is_every_order=True):
    """The orders of the newest night, or those of the cuts that `told` is about alone, are over at its cut-off already."""
    marts = home.published / str(home.published_dates()[-1]) / REVISION / "marts"
    about = f"select account_key from fct_limit_decision where {CUT}"
    for mart in ("fct_limit_adjustment", "fct_security_order"):
        with duckdb.connect() as connection:
            connection.execute(f"create view fct_limit_decision as from '{marts}/fct_limit_decision.parquet'")
            connection.execute(
                f"create table rows as select * replace (case when $all or account_key in ({about})"
                f" then cast($now as timestamp) else expires_at end as expires_at) from '{marts}/{mart}.parquet'",
                {"all": is_every_order, "now": home.cut_off_at(home.published_dates()[-1])},
            )
            connection.execute(f"copy rows to '{marts}/{mart}.parquet' (format parquet)")
    resign(home)


def leave(home):
    night = home.published_dates()[-1]
    release(home, night)
    release_security(home, night)


def told(home, condition, audience="customer", lang="en"):
    account, night = accounts_where(RunBook(home, ()), condition)[0]
    facts = explain_account(home, account, None, audience, lang)
    assert facts["business_date"] == night
    return facts, explanation_text(facts)


def core(home, condition):
    """The core's limit and what is free of it, of the account that `told` is about."""
    with open_marts(home) as connection:
        return connection.execute(
            "select limit_amount, limit_amount - principal_balance from fct_account_night where (account_key, business_date) ="
            f" (select (account_key, business_date) from fct_limit_decision where {condition} order by all limit 1)"
        ).fetchone()


NOT_ORDERED = {
    "observe": lambda home: switch(home, "observe"),
    "paused": lambda home: switch(home, "paused"),
    "ramp": lambda home: switch(home, "ramp 1"),
    "held": hold,
    "waiting": lambda home: None,
    "expired": lambda home: expire(home),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("why", NOT_ORDERED)
def test_of_a_cut_that_is_not_ordered_a_customer_hears_nothing(home, why, lang):
    """The limit and the use that the core gives, no change, no reason, no date; who works with it hears why."""
    NOT_ORDERED[why](home)
    if why not in ("waiting", "expired"):
        leave(home)
    facts, text = told(home, CUT, lang=lang)
    limit, room = core(home, CUT)
    assert (facts["limit_amount"], facts["drawable_amount"]) == (limit, room)
    assert (facts["change"], facts["effective_date"], facts["cannot_borrow_from"]) == (None, None, None)
    assert (facts["reasons"], facts["conditions"], facts["recourse"]) == ([], [], None)
    assert facts["cannot_borrow_because"] is None
    assert not {"2027", "past due", "逾期"} & {word for word in ("2027", "past due", "逾期") if word in text}
    for audience in ("agent", "compliance"):
        facts, text = told(home, CUT, audience, lang)
        assert facts["unordered"]["because"] == why
        assert f"{ {'en': 'Decided, not ordered: ', 'zh': '已决定，未下达：'}[lang] }{WITHHELD[why][lang]}" in text
        assert facts["decided_reasons"]
        assert "[B1]" in text


def test_what_is_over_is_told_apart_from_what_left(home):
    """Of one file: an order that left, and one that was over by then."""
    expire(home, is_every_order=False)
    leave(home)
    assert told(home, CUT, "agent")[0]["unordered"]["because"] == "expired"
    assert told(home, f"action = 'DOWN' and display_state <> 'FLOORED' and {LATEST}", "agent")[0]["unordered"] is None


def test_a_cut_that_left_is_announced(home):
    leave(home)
    facts, text = told(home, CUT)
    assert facts["change"] == "DOWN" and facts["reasons"] and facts["recourse"]
    assert "on you cannot borrow, because: A payment of yours is 45 days past due." in text
    assert told(home, CUT, "agent")[0]["unordered"] is None


@pytest.mark.parametrize("mode", ["observe", "paused", "ramp 1"])
def test_a_freeze_that_is_not_ordered_stops_nobody(home, mode):
    switch(home, mode)
    leave(home)
    facts, text = told(home, FREEZE)
    assert (facts["limit_amount"], facts["drawable_amount"]) == core(home, FREEZE)
    assert (facts["movement"], facts["is_frozen"], facts["reasons"], facts["recourse"]) == (None, False, [], None)
    assert "sign-in" not in text
    facts, text = told(home, FREEZE, "agent")
    assert (
        f"Decided, not ordered: {WITHHELD[mode.split()[0]]['en'] if mode != 'ramp 1' else 'outside the ramp'}." in text
    )


def test_a_freeze_that_left_is_told(home):
    leave(home)
    facts, text = told(home, FREEZE)
    assert facts["is_frozen"] and facts["movement"] == "FREEZE"
    assert "on you cannot borrow, because: We noticed an unusual sign-in" in text


@pytest.mark.parametrize(("hours", "is_frozen"), [(24, True), (0, False)], ids=["it stands", "the core has ended it"])
def test_a_freeze_by_a_watch_since_the_night_is_told(home, hours, is_frozen):
    leave(home)
    free = f"action = 'HOLD' and is_usable and display_state = 'NORMAL' and {LATEST}"
    account, night = accounts_where(RunBook(home, ()), free)[0]
    key = account_key_of(home, account)
    lay_watched(home, night + timedelta(days=1), key, home.cut_off_at(night) + timedelta(hours=hours))
    facts, text = told(home, free)
    assert (facts["is_frozen"], facts["drawable_amount"] == 0) == (is_frozen, is_frozen)
    said = (
        "You cannot borrow now, because: to protect your account, borrowing is paused; your limit is unchanged." in text
    )
    assert said == is_frozen
    # of that night as it was nothing of it is said
    assert not explain_account(home, account, night)["is_frozen"]


def lay_watched(home, day, key, expires_at):
    """A freeze that a watch released on a day."""
    sequence = (last_record(home, SECURITY) or {"sequence": 0})["sequence"] + 1
    folder = home.releases / SECURITY
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "business_date": str(day),
        "sequence": sequence,
        "sha256": "0" * 64,
        "modes": {},
        "watch": {"last_delivery": str(day)},
    }
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select {sequence}::bigint as sequence, date '{day}' as business_date, {key}::bigint as account_key,"
            f" 'FREEZE' as action, timestamp '{expires_at}' as expires_at) to '{folder}/{sequence:06d}.parquet' (format parquet)"
        )
    lay_record(home, folder / f"{sequence:06d}.json", record)


def test_a_restore_that_stays_behind_opens_nothing_and_one_that_left_opens_on_its_day(home):
    """While the core keeps the freeze the customer hears that borrowing is paused, and no day."""
    restored = f"action = 'RESTORE' and {LATEST}"
    account, night = accounts_where(RunBook(home, ()), restored)[0]
    switch(home, "paused")
    lay_watched(
        home, night - timedelta(days=1), account_key_of(home, account), home.cut_off_at(night) + timedelta(hours=9)
    )
    facts, text = told(home, restored)
    assert facts["is_frozen"] and facts["movement"] is None
    assert "You cannot borrow now, because: to protect your account, borrowing is paused" in text
    assert "We cannot say yet when borrowing opens again" in text
    assert "Decided, not ordered: paused." in told(home, restored, "agent")[1]
    switch(home, "live")
    leave(home)
    facts, text = told(home, restored)
    amount = money(facts["can_borrow_from"]["amount"], "CNY", "en")
    assert f"on you can borrow {amount} again; your limit is unchanged." in text
    assert "now" not in text
