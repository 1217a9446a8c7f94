"""`explain`: each audience gets what it may see, in words that a person understands."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from command import run

from creditline.errors import CreditlineError
from creditline.explain.account import AUDIENCES, explain_account
from creditline.explain.text import explanation_text
from creditline.explain.words import ACTIONS, CANNOT_BORROW, LANGUAGES, OPERATORS, SENTENCES, STATES, WITHHELD
from creditline.gate.identity import account_key_of
from creditline.home.marts import with_added
from creditline.publish.reader import open_marts
from creditline.release.wording import money

PUBLISHED = "creditline.explain.published.mart_rows"
LATEST = "business_date = (select max(business_date) from fct_limit_decision)"


def accounts_where(book, condition: str) -> list[tuple[str, date]]:
    """Ids of the accounts with such a decision, and its night; at least one, or the test would show nothing."""
    with open_marts(book.home) as connection:
        found = connection.execute(
            f"select account_key, business_date from fct_limit_decision where {condition} order by all"
        ).fetchall()
    with duckdb.connect(str(book.home.identity_file), read_only=True) as connection:
        ids = dict(connection.execute("select account_key, account_id from account").fetchall())
    assert found, condition
    return [(ids[key], night) for key, night in found]


def explained(book, condition: str, audience: str = "customer", lang: str = "en") -> tuple[dict, str]:
    account, night = accounts_where(book, condition)[0]
    facts = explain_account(book.home, account, night, audience, lang)
    return facts, explanation_text(facts)


def lay_published(monkeypatch, folder, connection: duckdb.DuckDBPyConnection) -> None:
    """Let `explain` find a connection's tables published, and nothing else."""
    tables = {}
    for (table,) in connection.execute("select table_name from information_schema.tables").fetchall():
        connection.execute(f"copy {table} to '{folder}/{table}.parquet' (format parquet)")
        has_night = "business_date" in connection.table(table).columns
        tables[table] = f"from read_parquet('{folder}/{table}.parquet')" + (
            " where business_date = date '{night}'" * has_night
        )

    def rows(_home, mart, nights, _revision=0):
        (night,) = nights
        return with_added(mart, tables[mart].format(night=night) if mart in tables else None)

    monkeypatch.setattr(PUBLISHED, rows)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_customer_learns_nothing_that_helps_to_game_the_score(sample_book, lang):
    """Over everybody who is cut: no score, band, operator, rule, hash or reason code, in text or JSON."""
    secret = re.compile(r"score \d|band|评分\d|等级|sha256|policy_version|hard trigger|强制触发|\[\w\d+\]|steps|target")
    for account, night in accounts_where(sample_book, f"action in ('DOWN', 'FREEZE') and {LATEST}"):
        facts = explain_account(sample_book.home, account, night, "customer", lang)
        text = explanation_text(facts)
        assert secret.search(text) is None, text
        assert secret.search(json.dumps(facts, default=str)) is None
        assert facts["reasons"], account
        assert "{" not in text
        assert "None" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_floor_is_said_as_what_it_is(floored_book, lang):
    """A customer at the floor is told that nothing can be borrowed and why; the agent sees the amount as well."""
    facts, text = explained(floored_book, f"display_state = 'FLOORED' and {LATEST}", lang=lang)
    assert facts["limit_after_amount"] is None
    assert facts["cannot_borrow_from"] == {"date": facts["effective_date"], "because": facts["reasons"][0]["text"]}
    assert not re.search(r"(?<![\d,.])10(\.00)? ?(yuan|元)", text), text
    assert {"en": " on you cannot borrow, because: ", "zh": "起，您不能借款，原因："}[lang] in text
    assert {"en": "now", "zh": "现在"}[lang] not in text, (
        "until the day on which the cut takes effect the core goes on as before"
    )
    facts, text = explained(floored_book, f"display_state = 'FLOORED' and {LATEST}", "agent", lang)
    assert facts["limit_after_amount"] == Decimal(10)
    assert {"en": "Your limit goes down to 10 yuan", "zh": "额度将降低到10元"}[lang] in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_freeze_is_no_fault_and_shows_no_threshold(floored_book, lang):
    facts, text = explained(floored_book, f"action = 'FREEZE' and {LATEST}", lang=lang)
    because = facts["cannot_borrow_from"]["because"]
    assert {"en": "Your limit is unchanged", "zh": "您的额度没有变化"}[lang] in because
    assert not re.search(r"\d", because + facts["reasons"][0]["advice"])
    assert facts["change"] is None
    assert {"en": "Please verify your identity", "zh": "请完成身份验证"}[lang] in text


def test_an_agent_sees_how_it_came_about_and_compliance_what_proves_it(sample_book):
    condition = f"action = 'DOWN' and reason_code_1 = 'T1' and {LATEST}"
    facts, text = explained(sample_book, condition, "agent")
    assert "bound of the product tier (" in text
    assert "[T1]" in text
    assert f"Score {facts['score']}, band {facts['band']}" in text
    assert "policy_version" not in facts
    facts, text = explained(sample_book, condition, "compliance", "zh")
    assert "产品档位上限（" in text
    assert re.search(r"策略版本 [0-9a-f]{64}\n决策哈希值 [0-9a-f]{64}$", text)
    assert facts["facts"][0]["feature"] == "product_tier"


def test_who_can_borrow_is_told_how_much(sample_book):
    facts, text = explained(sample_book, f"is_usable and action = 'HOLD' and {LATEST}")
    assert facts["cannot_borrow_because"] is None
    assert f"You can borrow {money(facts['drawable_amount'], 'CNY', 'en')} now." in text
    assert "The latest review left your limit as it is." in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nobody_is_left_without_an_answer(sample_book, lang):
    """Every account of the last night, whoever asks: money to borrow, or why not."""
    for number, (account, night) in enumerate(accounts_where(sample_book, LATEST)[::7]):
        facts = explain_account(sample_book.home, account, night, AUDIENCES[number % 3], lang)
        assert (facts["drawable_amount"] > 0) == (facts["cannot_borrow_because"] is None), account
        assert "{" not in explanation_text(facts)


def test_a_change_in_the_core_is_told_apart_from_a_decision(sample_book):
    """The limit that stands: since when, what it was before, and that no decision of ours made it."""
    with open_marts(sample_book.home) as connection:
        key, last, before = connection.execute(
            "select account_key, max_by(limit_amount, business_date), min_by(limit_amount, business_date)"
            " from fct_account_night group by account_key having count(distinct limit_amount) = 2 order by 1 limit 1"
        ).fetchone()
        since = connection.execute(
            "select min(business_date) from fct_account_night where account_key = ? and limit_amount = ?", [key, last]
        ).fetchone()[0]
    account, _ = accounts_where(sample_book, f"account_key = {key} and {LATEST}")[0]
    facts = explain_account(sample_book.home, account, None, "agent")
    text = explanation_text(facts)
    assert (facts["limit_amount"], facts["limit_before_amount"], facts["limit_since_date"]) == (last, before, since)
    assert facts["is_limit_of_core"] and "no nightly decision of ours made it" in text
    first, _ = explained(sample_book, f"account_key = {key} and business_date < '{since}'")
    assert (first["limit_amount"], first["limit_before_amount"]) == (before, None)


def test_a_cut_of_the_past_is_still_answered_for(sample_book, monkeypatch, tmp_path):
    """The core followed our cut, and nothing has happened since: the reasons of that night are given, with its date."""
    tables = (
        *("fct_limit_decision", "fct_account_night", "fct_decision_reason", "fct_decision_trace", "fct_recourse"),
        "dim_limit_standing",
    )
    first = "business_date = (select min(business_date) from fct_limit_decision)"
    account, night = accounts_where(sample_book, f"action = 'DOWN' and display_state = 'REDUCED' and {first}")[0]
    key = account_key_of(sample_book.home, account)
    followed = duckdb.connect()
    with open_marts(sample_book.home) as connection:
        for table in tables:
            kept = connection.execute(f"select * from {table} where account_key = {key}").to_arrow_table()
            followed.from_arrow(kept).create(table)
        for table in ("dim_policy", "fct_trigger_night", "fct_case"):
            followed.from_arrow(connection.execute(f"select * from {table}").to_arrow_table()).create(table)
    before, after = followed.execute(
        f"select old_limit_amount, recommended_limit_amount from fct_limit_decision where business_date = '{night}'"
    ).fetchone()
    later = f"where business_date > '{night}'"
    followed.execute(f"update fct_account_night set limit_amount = {after} {later}")
    followed.execute(
        f"update fct_limit_decision set action = 'HOLD', old_limit_amount = {after},"
        f" recommended_limit_amount = {after}, effective_date = null {later}"
    )
    followed.execute(f"delete from fct_decision_reason {later}")
    followed.execute(
        f"update dim_limit_standing set limit_amount = {after}, since_date = date '{night + timedelta(days=1)}',"
        f" previous_limit_amount = {before}, cause_date = date '{night}'"
    )
    lay_published(monkeypatch, tmp_path, followed)

    facts = explain_account(sample_book.home, account, None, "agent")
    assert (facts["limit_amount"], facts["limit_before_amount"]) == (after, before)
    assert facts["limit_since_date"] == night + timedelta(days=1)
    assert facts["cause_date"] == night
    assert facts["cause_reasons"] and not facts["reasons"]
    assert not facts["is_limit_of_core"]
    assert f"Why it changed on {night.day} September" in explanation_text(facts)


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_night_of_an_earlier_release_is_explained_as_far_as_it_was_published(
    sample_book, monkeypatch, tmp_path, audience
):
    """It has neither an agent's words nor ways back, triggers and standings, and its pack is in use no more."""
    account, _ = accounts_where(sample_book, f"action = 'DOWN' and {LATEST}")[0]
    then = duckdb.connect()
    with open_marts(sample_book.home) as connection:
        for table, missing in (
            ("fct_limit_decision", "exclude (confirmed_score_milli, is_pending, pending_limit_amount)"),
            ("fct_decision_reason", "exclude (agent_text_zh, agent_text_en, agent_advice_zh, agent_advice_en)"),
            *((table, "") for table in ("fct_account_night", "fct_decision_trace", "dim_policy")),
        ):
            then.from_arrow(connection.execute(f"select * {missing} from {table}").to_arrow_table()).create(table)
    lay_published(monkeypatch, tmp_path, then)
    facts = explain_account(sample_book.home, account, None, audience)
    text = explanation_text(facts)
    assert facts["reasons"][0]["text"] in text
    assert "None" not in text
    assert facts["recourse"] in (None, dict.fromkeys(facts["recourse"] or ()) | {"is_kept": False})


@pytest.fixture(scope="module")
def calm(sample_book):
    """What a customer is told whose limit stays as it is."""
    return explained(sample_book, f"is_usable and action = 'HOLD' and display_state = 'NORMAL' and {LATEST}")[0]


def test_of_an_account_that_is_over_nothing_else_is_said(calm):
    text = explanation_text(calm | {"is_over": True, "cannot_borrow_because": CANNOT_BORROW["closed"]["en"]})
    assert text.splitlines()[1:] == [
        "You cannot borrow now, because: the account is closed.",
        "If you have questions about this, please contact our customer service.",
    ]


@pytest.mark.parametrize(
    ("appeal", "sentence"),
    [
        ({"due_date": date(2026, 9, 21)}, "you have our answer by 21 September at the latest."),
        ({"due_date": None}, "We are looking into your appeal of 1 September."),
        ({"due_date": date(2026, 9, 2), "is_overdue": True}, "our answer is late, and we are sorry."),
    ],
    ids=["in time", "without a term", "late"],
)
def test_an_open_appeal_is_said_with_the_day_of_its_answer(calm, appeal, sentence):
    text = explanation_text(calm | {"appeals": [{"opened_date": date(2026, 9, 1), "is_overdue": False} | appeal]})
    assert sentence in text


def test_an_appeal_is_that_of_the_account_or_of_the_customer(sample_book):
    with open_marts(sample_book.home) as connection:
        appealed = connection.execute(
            "select decisions.account_key, cases.opened_date from fct_case as cases"
            " inner join fct_limit_decision as decisions on cases.business_date = decisions.business_date and (cases.account_key"
            " = decisions.account_key or cases.account_key is null and cases.customer_key = decisions.customer_key)"
            f" where cases.kind = 'appeal' and cases.is_open and decisions.{LATEST} order by 1 limit 1"
        ).fetchone()
    assert appealed
    facts, _ = explained(sample_book, f"account_key = {appealed[0]} and {LATEST}")
    assert [appeal["opened_date"] for appeal in facts["appeals"]] == [appealed[1]]


@pytest.mark.parametrize(
    ("done", "sentence"),
    [
        (0, "The restriction since 2 July ends after 90 days in a row without a problem."),
        (47, "47 of the 90 days have passed."),
        (90, "it ends once the coming instalments are paid on time."),
    ],
)
def test_nights_that_have_to_pass_are_said_as_days(calm, done, sentence):
    condition = {"since_date": date(2026, 7, 2), "nights_done": done, "nights_needed": 90, "restricts": True}
    text = explanation_text(calm | {"conditions": [condition, condition]})
    assert text.count(sentence) == 1
    assert "night" not in text


@pytest.mark.parametrize(
    ("done", "sentences"),
    [
        (
            0,
            (
                "can rise only after 90 days in a row without a problem; nothing else is restricted.",
                "天保持正常后，您的额度才能提高；",
            ),
        ),
        (47, ("47 of the 90 days have passed. Nothing else is restricted.", "目前已满47天；其他不受影响。")),
        (
            90,
            (
                "your limit can rise once the coming instalments are paid on time.",
                "今后各期按时还款后，您的额度才能提高。",
            ),
        ),
    ],
)
def test_an_inherited_condition_keeps_raises_back_and_restricts_nothing_else(calm, done, sentences):
    condition = {"since_date": date(2026, 7, 2), "nights_done": done, "nights_needed": 90, "restricts": False}
    for lang, sentence in zip(("en", "zh"), sentences, strict=True):
        text = explanation_text(calm | {"lang": lang, "conditions": [condition]})
        assert sentence in text
        assert "The restriction" not in text and "的限制" not in text
    restricting = condition | {"restricts": True, "nights_done": 80}
    assert "The restriction since 2 July" in explanation_text(calm | {"conditions": [condition, restricting]})


def test_a_trigger_that_is_inherited_is_said_so_and_an_agent_hears_all_that_stand(sample_book):
    """A trigger of the first night is inherited; whoever has several is told of the longest, the agent of every one."""
    with open_marts(sample_book.home) as connection:
        several = connection.execute(
            "select account_key, list(trigger_code order by trigger_code), list(trigger_code) filter (is_inherited) from fct_trigger_night"
            " inner join fct_limit_decision using (customer_key, policy_version, business_date)"
            f" where is_sustained and not is_cured and {LATEST} group by account_key having count(*) > 1 and bool_or(is_inherited)"
            " order by 1 limit 1"
        ).fetchone()
    assert several
    key, codes, inherited = several
    account, _ = accounts_where(sample_book, f"account_key = {key} and {LATEST}")[0]
    facts = explain_account(sample_book.home, account, None, "agent")
    text = explanation_text(facts)
    assert sorted(condition["code"] for condition in facts["open_conditions"]) == codes
    for condition in facts["open_conditions"]:
        line = next(line for line in text.splitlines() if line.startswith(f"  {condition['code']}: since "))
        is_inherited = condition["code"] in inherited
        assert ("there before our first review" in line) == condition["is_inherited"] == is_inherited
        assert condition["restricts"] != is_inherited


def test_no_text_holds_what_nobody_can_read_out(sample_book):
    """No date or amount of a machine, no bracketed plural, no placeholder."""
    strange = r"\d{4}-\d\d-\d\d|\(s\)|\{|\d{4,} ?(yuan|元)|\.00"
    with open_marts(sample_book.home) as connection:
        for table, columns in (
            ("fct_decision_reason", "columns('text_|advice_')"),
            ("fct_recourse", "columns('actions_|sooner_')"),
        ):
            query = f"select count(*), count_if(regexp_matches(text, ?)) from (unpivot (select {columns} from {table}) on * into name name value text)"
            assert connection.execute(query, [strange]).fetchone()[1] == 0, table


def test_every_word_is_there_in_both_languages():
    for words in (SENTENCES, CANNOT_BORROW, ACTIONS, STATES, OPERATORS, WITHHELD):
        for name, spelt in words.items():
            assert set(spelt) == set(LANGUAGES), name
            assert set(re.findall(r"\{\w+\}", spelt["zh"])) == set(re.findall(r"\{\w+\}", spelt["en"])), name
            assert not re.search(r"[,;()]", spelt["zh"]), f"{name}: Chinese has its own punctuation"


def test_every_operator_of_the_trace_has_a_name():
    from creditline.project import PROJECT_DIR

    trace = (PROJECT_DIR / "models" / "decision" / "5_outcome" / "dec_trace.sql").read_text()
    steps = re.findall(r"^    \(\"(.*?)\", ", trace, re.MULTILINE)
    assert {name for step in steps for name in re.findall(r"'(\w+)'", step)} == set(OPERATORS)


def test_an_unknown_night_or_audience_is_said(sample_book):
    account, _ = accounts_where(sample_book, LATEST)[0]
    with pytest.raises(CreditlineError, match="has no decision on 1999-01-01"):
        explain_account(sample_book.home, account, date(1999, 1, 1))
    shown = run("explain", account, "--audience", "press", home=sample_book.home.root)
    assert shown.returncode == 2
    assert "choose one of customer, agent, compliance" in shown.stderr
