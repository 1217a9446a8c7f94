"""The book of the bench: copies that live the same life under other ids, taken in as any delivery is."""

from __future__ import annotations

import copied_book
import pytest
from bench import Measured, _median, trend_percent

from creditline.gate.identity import attach_identity
from creditline.home.database import connect
from creditline.night import run_all


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_a_copied_book_runs_and_each_copy_is_decided_as_its_original(tmp_path, monkeypatch, file_format):
    monkeypatch.setattr(copied_book, "LARGEST_ORIGINAL", 100)
    home = copied_book.land_book(
        tmp_path / "home",
        accounts=300,
        nights=2,
        history_days=20,
        seed=3,
        file_format=file_format,
        tell=lambda _message: None,
    )
    landed = {file.suffix for file in home.landing.rglob("*.*") if file.is_file()} - {".json"}
    assert landed == {f".{file_format}"}
    assert [result.business_date for result in run_all(home)] == home.landed_dates()
    with connect() as connection:
        attach_identity(connection, home)
        copies = connection.execute(
            f"""
            select count(*), sum(score), sum(old_limit_amount)
            from read_parquet('{home.current}/marts/fct_limit_decision.parquet')
            inner join identity.account using (account_key)
            group by split_part(account_id, '-', -1)
            """
        ).fetchall()
    assert len(copies) == 3
    assert len(set(copies)) == 1
    assert copies[0][0] > 90


def test_a_book_that_is_no_multiple_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no multiple of 100000"):
        copied_book.land_book(
            tmp_path / "home", accounts=250_001, nights=1, history_days=0, seed=1, tell=lambda _message: None
        )


def measured(night, seconds, peak=1):
    return Measured(10, night, seconds, peak, dict.fromkeys(("accept", "gate_inputs", "build"), seconds))


def test_the_first_night_brings_the_history_and_is_not_the_median():
    nights = [measured(1, 90, peak=9), measured(2, 3), measured(3, 5), measured(4, 4)]
    assert (_median(nights).seconds, _median(nights).peak_rss_bytes) == (4, 9)


@pytest.mark.parametrize(
    ("seconds", "trend"),
    [
        ([9.0] * 129 + [2.0] * 121, 0.0),
        ([9.0] * 129 + [2.0 + night / 120 for night in range(121)], 50.0),
        ([9.0] * 131, None),
    ],
    ids=["level", "half as much again", "too few"],
)
def test_the_trend_is_that_of_nights_with_full_windows(seconds, trend):
    nights = [Measured(10, number, spent, 1, {}) for number, spent in enumerate(seconds, start=1)]
    assert trend_percent(nights) == trend
