"""What a restatement owes leaves with the next night's file, in the customer's favour only, with its reason and a notice."""

from __future__ import annotations

import csv

import duckdb
from corrected_book import ACCOUNTS, CORRECTED, CUT, FLOOR, GRANTED, LAST, NEXT, run_next

from creditline.home import Home
from creditline.night import NightResult
from creditline.publish.reader import query_marts
from creditline.replay import replay_night
from creditline.warehouse.state import state_file


def orders(result: NightResult) -> dict[str, dict[str, str]]:
    with result.release.file.open(newline="") as stream:
        return {row["account_id"]: row for row in csv.DictReader(stream) if row["account_id"] in ACCOUNTS}


def owed(home: Home, night) -> list[tuple[int, int]]:
    return duckdb.execute(
        f"select account_key, restated_limit_minor from read_parquet('{state_file(home, night, 'restated_limit')}') order by 1"
    ).fetchall()


def test_without_a_restatement_the_customer_waits_for_the_cure(home):
    assert orders(run_next(home, NEXT, FLOOR)) == {}


def test_what_is_owed_leaves_with_the_next_file_once(restated_home):
    home = restated_home
    assert owed(home, CORRECTED) == [(1, 500_000), (2, 500_100)]
    ordered = orders(run_next(home, NEXT, FLOOR))
    assert {
        name: (row["action"], row["old_limit_amount"], row["new_limit_amount"]) for name, row in ordered.items()
    } == {name: ("UP", before, after) for name, before, after in zip(ACCOUNTS, FLOOR, GRANTED, strict=True)}
    assert {row["reason_codes"].split(";")[0] for row in ordered.values()} == {"U2"}
    _, reasons = query_marts(
        home,
        "select text_en, text_zh from fct_decision_reason"
        f" where business_date = date '{NEXT}' and account_key = 1 and reason_rank = 1",
    )
    assert "corrected" in reasons[0][0]
    assert "5,000" in reasons[0][0]
    _, told = query_marts(
        home,
        "select is_notice_required, notice_due_date is not null from fct_limit_decision"
        f" where business_date = date '{NEXT}' and account_key in (1, 2)",
    )
    assert told == [(True, True)] * 2
    _, trace = query_marts(
        home,
        f"select operator, before_amount, after_amount from fct_decision_trace where business_date = date '{NEXT}'"
        " and account_key = 1",
    )
    assert [(name, int(before), int(after)) for name, before, after in trace] == [("restatement", 10, 5000)]
    assert orders(run_next(home, LAST, GRANTED)) == {}
    assert owed(home, LAST) == []
    for night in (NEXT, LAST):
        assert replay_night(home, night).differences == ()


def test_notices_tell_the_customer_once_the_core_has_applied_it(restated_home):
    run_next(restated_home, NEXT, FLOOR)
    settled = run_next(restated_home, LAST, GRANTED).settlement
    assert settled.notices.count == 2
    assert "We corrected our records" in settled.notices.file.read_text()


def test_the_cut_itself_is_not_taken_back_on_paper(restated_home):
    _, ordered = query_marts(
        restated_home,
        f"select account_key, action from fct_limit_adjustment where business_date = date '{CUT}' and account_key = 1",
    )
    assert ordered == [(1, "DOWN")]
