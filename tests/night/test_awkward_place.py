"""A home lives where its owner puts it, whatever the folder is called."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sample_book import run_sample_book

from creditline.explain import explain_account
from creditline.publish.reader import query_marts
from creditline.replay import replay_night
from creditline.restate import restate
from creditline.subject import export_subject
from creditline.watch import watch


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """`'` ends a literal of SQL, `[1]` and `*` are patterns, `$HOME` is a variable and `%41` a letter to others."""
    return run_sample_book(tmp_path_factory.mktemp("awkward") / "x's [1] home* {a,b} %41 &$HOME", accounts=60, nights=2)


@pytest.mark.slow
def test_a_home_with_an_awkward_path_lives(book):
    home, last = book.home, book.results[-1].business_date

    _, rows = query_marts(home, "select business_date, count(*) from fct_limit_decision group by 1 order by 1")
    assert rows == [(result.business_date, 60) for result in book.results]
    assert not any(replay_night(home, result.business_date).differences for result in book.results)
    assert [night.business_date for night in restate(home, last, reason="try", by="ann", approved_by="bob").nights] == [
        last
    ]
    assert explain_account(home, "A00000001", None, "agent", "en")
    assert export_subject(home, "C00000001")["published"]
    assert watch(home, last + timedelta(days=1)).deliveries == ()
    assert (home.warehouse / "evidence" / str(last) / "data_docs" / "inputs" / "index.html").is_file()
    assert [path.name for path in home.root.parent.iterdir()] == [home.root.name]
