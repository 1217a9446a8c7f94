"""Real books through the whole night. They stay out of the repository; the tests say so where they are absent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from real_books import default_rates, night_totals, replay, source_balance

from creditline.release import FEED


@pytest.fixture(scope="module")
def taiwan(taiwan_file, tmp_path_factory):
    return replay("taiwan", taiwan_file, tmp_path_factory.mktemp("taiwan") / "home").home


@pytest.mark.slow
def test_six_nights_of_the_taiwan_book_tie_to_the_source(taiwan):
    totals = night_totals(taiwan)
    assert [row[0].month for row in totals] == [4, 5, 6, 7, 8, 9]
    assert all(row[1] == row[2] == 30_000 for row in totals)
    assert {row[3] for row in totals} == {Decimal("5024529680.00")}
    assert totals[-1][4] == Decimal("1536699927.00")
    assert [row[5] for row in totals] == [3079, 2968, 3508, 4209, 4410, 3130]


@pytest.mark.slow
def test_accounts_that_are_cut_default_at_a_multiple_of_those_that_are_kept(taiwan):
    rates = default_rates(taiwan, taiwan.landing / "truth" / "taiwan.parquet")
    print(rates)
    assert sum(count for count, _ in rates.values()) == 30_000
    assert rates["DOWN"][1] > 2 * rates["HOLD"][1] > 2 * rates["UP"][1]


@pytest.mark.slow
def test_an_imported_book_orders_nothing(taiwan):
    assert not (taiwan.outbox / FEED).exists()


@pytest.mark.alone
@pytest.mark.slow
def test_the_first_nights_of_the_berka_bank_tie_to_the_cent(berka_directory, tmp_path):
    result = replay("berka", berka_directory, tmp_path / "home", max_nights=4)
    totals = night_totals(result.home)
    assert [row[0] for row in totals] == [date(1993, 1, day) for day in (1, 2, 3, 4)]
    assert [-row[4] for row in totals] == [source_balance(berka_directory, row[0]) for row in totals]
    # No line was ever granted, so none is invented: every account is held.
    assert all(row[3] == 0 and row[7] == row[1] for row in totals)
    # the quickest, because a busy machine may hold up any one of them; `scripts/evaluate real-data` prints median and longest.
    # The bar is 8 s and is missed (docs/explanation/performance.md): this only sees it get worse.
    assert min(result.seconds[1:]) < 10.5
