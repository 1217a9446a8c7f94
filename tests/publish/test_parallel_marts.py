"""mon_parallel_run beside what the published marts of two nights say."""

from __future__ import annotations

import re
from pathlib import Path

from creditline.publish.reader import query_marts

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "go-live.md"
# What the models do with carried state, once more over dense history.
EXPECTED = """
    select tonight.business_date, tonight.account_key, before.business_date as decided_date,
        before.limit_amount as limit_before_amount, decided.recommended_limit_amount as our_limit_amount,
        tonight.limit_amount as core_limit_amount, tonight.principal_balance, tonight.days_past_due
    from fct_account_night as tonight
    inner join fct_account_night as before
        on before.account_key = tonight.account_key and before.business_date = tonight.business_date - 1
    inner join fct_limit_decision as decided
        on decided.account_key = before.account_key and decided.business_date = before.business_date
    where tonight.is_open and before.limit_amount = before.current_limit_amount
        and (decided.recommended_limit_amount <> before.limit_amount or tonight.limit_amount <> before.limit_amount)
        and not exists (
            from fct_order_night as orders
            where orders.account_key = tonight.account_key and orders.business_date = tonight.business_date
        )
    order by 1, 2
"""
SHOWN = """
    select business_date, account_key, decided_date, limit_before_amount, our_limit_amount, core_limit_amount,
        principal_balance, days_past_due
    from mon_parallel_run order by 1, 2
"""


def test_every_open_account_that_we_or_the_core_moved_is_laid_beside(sample_book):
    home = sample_book.home
    expected, shown = query_marts(home, EXPECTED)[1], query_marts(home, SHOWN)[1]
    assert shown == expected
    assert {row[0] for row in shown} == set(home.published_dates()[1:])
    ordered = query_marts(home, "select count(*) from fct_order_night")[1][0][0]
    assert ordered > 0


def test_while_an_outcome_is_awaited_the_same_again_is_no_first(sample_book):
    again = query_marts(
        sample_book.home,
        "select count(*), count(distinct (account_key, agreement)) from mon_parallel_run where is_first",
    )[1]
    assert again[0][0] == again[0][1] > 0
    assert query_marts(sample_book.home, "select count(*) from mon_parallel_outcome")[1] == [(0,)]


def test_the_queries_of_the_page_run(sample_book):
    queries = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(queries) == 4
    for query in queries:
        assert query_marts(sample_book.home, query)[0]
