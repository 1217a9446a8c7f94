"""Analysts read while a night runs, from anywhere, and after the home was moved."""

from __future__ import annotations

import subprocess
import sys
import time

import duckdb
import pytest
from homes import copy_home

from creditline.night import run_all
from creditline.simulate import continue_book

READER = """
import sys, time, duckdb
database, stop = sys.argv[1], sys.argv[2]
import os
queries = 0
nights = set()
while not os.path.exists(stop):
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(
            "select fct_night.business_date, account_count, count(account_key) from fct_night"
            " left join fct_limit_decision using (business_date) group by all order by all").fetchall()
    assert all(accounts == decided for _, accounts, decided in rows), rows
    nights.add(len(rows))
    queries += 1
print(queries, sorted(nights))
"""


@pytest.mark.slow
def test_a_reader_is_never_disturbed_by_a_running_night(sample_book, tmp_path):
    home = copy_home(sample_book.home, tmp_path / "home")
    continue_book(home, nights=1)
    nights_before = len(home.published_dates())
    stop = tmp_path / "stop"
    script = tmp_path / "reader.py"
    script.write_text(READER)
    reader = subprocess.Popen(
        [sys.executable, str(script), str(home.current / "marts.duckdb"), str(stop)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    try:
        list(run_all(home))
        time.sleep(3)  # long enough for a query after the flip, also on a busy machine
    finally:
        stop.touch()
        output, error = reader.communicate(timeout=60)
    assert reader.returncode == 0, error
    queries, nights = output.split(" ", 1)
    assert int(queries) > 5
    assert nights.strip() == str([nights_before, nights_before + 1])


def test_all_nights_answer_from_another_directory_and_after_a_move(sample_book, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = [(day,) for day in sample_book.home.published_dates()]
    query = "select distinct business_date from fct_limit_decision order by 1"
    with duckdb.connect(str(sample_book.home.current / "marts.duckdb"), read_only=True) as connection:
        assert connection.execute(query).fetchall() == expected

    moved = copy_home(sample_book.home, tmp_path / "moved")
    with duckdb.connect(str(moved.current / "marts.duckdb"), read_only=True) as connection:
        connection.execute(f"set variable creditline_home = '{moved.root}'")
        assert connection.execute(query).fetchall() == expected
        files = connection.execute(
            f"select count(*) from glob('{moved.root}/published/*/r*/marts/fct_limit_decision.parquet')"
        ).fetchone()[0]
    assert files == len(expected)
