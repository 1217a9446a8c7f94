"""History costs a file a month: what volumes repeat is what the record says, and hides nothing of it."""

from __future__ import annotations

import shutil
from datetime import date

import duckdb
import pytest
from homes import copy_home
from laid_nights import FIRST, LAST_OF_MONTH, NEWEST, lay_home, publish_rows

from creditline.home import Home
from creditline.home.restatements import record_restatement
from creditline.publish.history import merge_closed_months, volumes
from creditline.publish.reader import query_marts

CLOSED = date(2026, 9, 15)
NEXT = date(2026, 10, 3)
ALL = "select business_date, account_count from fct_night order by 1"


@pytest.fixture(scope="module")
def laid(tmp_path_factory) -> Home:
    return lay_home(tmp_path_factory.mktemp("laid") / "home")


@pytest.fixture
def home(laid, tmp_path) -> Home:
    return copy_home(laid, tmp_path / "home")


def rows(home: Home, query: str) -> list[tuple]:
    return query_marts(home, query)[1]


def restate_one(home: Home, night: date) -> None:
    publish_rows(home, night, 1)
    record_restatement(home, night, night, reason="late", by="a", approved_by="b", publications={night: 1})


def test_a_closed_month_is_one_file_and_the_record_stays(home):
    every = rows(home, ALL)
    assert [day for day, _ in every] == home.published_dates()
    kept = [volume.path for volume in volumes(home)]
    assert kept == ["2026-08/v00", "2026-09/v00"]
    for night in home.published_dates():
        if night < date(2026, 10, 1):
            assert (home.published / str(night) / "r00" / "marts" / "fct_night.parquet").is_file()
            shutil.rmtree(home.published / str(night) / "r00" / "marts")
    assert rows(home, ALL) == every
    assert rows(home, "select count(*) from rpt_r00_edit_check") == [(len(every),)]
    assert rows(home, "select count(*), count(distinct business_date) from ops_run") == [(len(every), len(every))]


def test_what_was_open_before_reads_on_what_it_showed(home):
    # of the last night of September: every night of the month still lay alone
    with duckdb.connect(
        str(home.published / str(LAST_OF_MONTH) / "r00" / "marts.duckdb"), read_only=True
    ) as connection:
        connection.execute("set variable creditline_home = $1", [str(home.root)])
        assert connection.execute("select max(business_date), count(*) from fct_night").fetchone() == (
            LAST_OF_MONTH,
            (LAST_OF_MONTH - FIRST).days + 1,
        )


def test_a_restated_night_of_a_closed_month_hides_its_row_of_the_volume(home):
    restate_one(home, CLOSED)
    restated = f"select account_count from fct_night where business_date = date '{CLOSED}'"
    every = (
        f"select account_count, revision from fct_night_as_published where business_date = date '{CLOSED}' order by 2"
    )

    def is_shown() -> bool:
        return rows(home, restated) == [(151,)] and rows(home, every) == [(150, 0), (151, 1)]

    publish_rows(home, NEXT)
    assert is_shown()
    assert rows(home, "select business_date, revision from restatement_diff") == [(CLOSED, 1)]
    assert len(rows(home, ALL)) == len(home.published_dates())


def test_many_restated_nights_get_a_volume_of_their_own(home):
    for day in range(10, 15):
        restate_one(home, date(2026, 9, day))
    merge_closed_months(home, NEXT)
    publish_rows(home, NEXT)
    assert [volume.path for volume in volumes(home)] == ["2026-08/v00", "2026-09/v00", "2026-09/v01"]
    assert rows(home, "select count(*), min(revision) from restatement_diff") == [(5, 1)]
    assert rows(home, "select account_count from fct_night where business_date = date '2026-09-10'") == [(101,)]
    assert len(rows(home, ALL)) == len(home.published_dates())


def test_a_month_is_merged_once(home):
    before = sorted(path for path in home.published.rglob("*"))
    merge_closed_months(home, NEWEST)
    assert sorted(path for path in home.published.rglob("*")) == before


def test_a_publication_that_was_changed_goes_into_no_volume(home):
    shutil.rmtree(home.published / "history")
    file = home.published / str(CLOSED) / "r00" / "marts" / "fct_night.parquet"
    duckdb.sql(f"select date '{CLOSED}' as business_date, 99 as account_count").write_parquet(str(file))
    merge_closed_months(home, NEXT)
    (september,) = (volume for volume in volumes(home) if volume.path.startswith("2026-09"))
    assert f"{CLOSED}/r00" not in september.publications
    assert len(september.publications) == 29


def test_a_volume_that_was_changed_counts_no_more(home):
    manifest = home.published / "history" / "2026-09" / "v00" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("2026-09-15", "2026-09-14"))
    assert [volume.path for volume in volumes(home)] == ["2026-08/v00"]


def test_a_table_that_is_too_big_for_a_volume_stays_with_its_nights(home, monkeypatch):
    shutil.rmtree(home.published / "history")
    monkeypatch.setattr("creditline.publish.history._MOST_BYTES", 0)
    merge_closed_months(home, NEXT)
    publish_rows(home, NEXT)
    assert volumes(home)[1].apart.keys() == {"fct_night", "rpt_r00_edit_check"}
    assert len(rows(home, ALL)) == len(home.published_dates())


def test_a_column_that_is_new_is_null_on_earlier_nights(home):
    publish_rows(home, NEXT, columns=", 7 as up_count")
    assert rows(home, "select up_count, count(*) from fct_night group by 1 order by 1 nulls first") == [
        (None, len(home.published_dates()) - 1),
        (7, 1),
    ]


def test_a_home_answers_from_a_folder_with_any_name(tmp_path):
    home = lay_home(tmp_path / "it's [a] home*", date(2026, 9, 2))
    every = rows(home, ALL)
    assert len(every) == len(home.published_dates())
    moved = copy_home(home, tmp_path / "moved [1]")
    shutil.rmtree(home.root)
    assert rows(moved, ALL) == every
    with duckdb.connect() as connection:
        connection.execute(f"attach '{moved.current}/marts.duckdb' as marts (read_only)")
        connection.execute("set variable creditline_home = $1", [str(moved.root)])
        assert (
            connection.execute("select business_date, account_count from marts.fct_night order by 1").fetchall()
            == every
        )
