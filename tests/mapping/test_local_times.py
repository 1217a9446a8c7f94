"""Times that state no zone are local ones: of the zone that the map states, else of the home's own."""

from __future__ import annotations

import csv
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from creditline.home import HomeSettings, create_home
from creditline.home.database import connect
from creditline.mapping import UnexpectedExtract, import_book, load_map
from creditline.mapping.local_times import to_instants

MAP = """
name: clocks
description: Logins of a bank whose clocks are set forward and back.
attribution: none
source: directory
tables:
  account: {{file: account.csv, columns: [account]}}
  login: {{file: login.csv, columns: [id, seen]}}
home: {{name: clocks, time_zone: {zone}, cut_off: "02:00", currency: CZK, expected_sources: [account_snapshot, session]}}
dates: [2024-12-31]
coverage_from: 2024-01-01
{stated}
"""
ACCOUNTS = """
select account as account_id, account as customer_id, 'card' as product_code, 'active' as status, date '2020-01-01' as
opened_date, 'CZK' as currency_code, 100.00 as limit_amount, 0.00 as principal_balance, 0.00 as accrued_interest_balance,
0.00 as arrears_balance, 0 as days_past_due, 0.1 as rate_apr, 'BANK01' as legal_entity_code, 'consumer' as purpose_code,
'internet' as channel_code from extract.account
"""
SESSIONS = """
select id as event_id, 'A1' as customer_id, cast(seen as {kind}) as occurred_at, 'd' as device_id, 'r' as ip_region,
false as is_proxy, true as succeeded from extract.login
"""


@pytest.fixture
def land(tmp_path):
    """Lands logins at these local times; gives the landed cells, in order, and what the import says."""

    def call(*times, zone="Europe/Prague", stated="", kind="timestamp", home="home", **choices):
        bench = tmp_path / "bench"
        bench.mkdir(exist_ok=True)
        (bench / "map.yml").write_text(MAP.format(zone=zone, stated=stated))
        (bench / "account_snapshot.sql").write_text(ACCOUNTS)
        (bench / "session.sql").write_text(SESSIONS.format(kind=kind))
        (bench / "account.csv").write_text("account\nA1\n")
        rows = "".join(f"S{number:02d},{text}\n" for number, text in enumerate(times))
        (bench / "login.csv").write_text(f"id,seen\n{rows}")
        book = import_book(tmp_path / home, load_map(bench), bench, **choices)
        with (tmp_path / home / "landing" / "2024-12-31" / "session.csv").open(newline="") as stream:
            return [row["occurred_at"] for row in csv.DictReader(stream)], book.local_times

    return call


def test_a_time_without_a_zone_is_one_of_the_home(land):
    cells, said = land("2024-02-01 09:15:00", "2024-07-01 09:15:00")
    assert cells == ["2024-02-01T08:15:00Z", "2024-07-01T07:15:00Z"]
    assert (said.zone, said.is_stated, said.columns) == ("Europe/Prague", False, ("session.occurred_at",))
    assert (said.twice, said.never) == (0, 0)


def test_a_map_may_state_the_zone_of_its_extract(land):
    cells, said = land("2024-07-01 09:15:00", stated="time_zone: UTC")
    assert (cells, said.zone, said.is_stated) == (["2024-07-01T09:15:00Z"], "UTC", True)


def test_the_home_that_is_there_says_the_zone(land, tmp_path):
    create_home(tmp_path / "there", HomeSettings(name="clocks", time_zone="Asia/Shanghai"))
    cells, said = land("2024-07-01 09:15:00", home="there")
    assert (cells, said.zone) == (["2024-07-01T01:15:00Z"], "Asia/Shanghai")


@pytest.mark.parametrize("text", ["2024-07-01 09:15:00", "2024-07-01 07:15:00+00"])
def test_a_cast_in_the_map_reads_the_same_clock(land, text):
    """A text cast to a time with a zone was one of UTC where it stated none."""
    cells, said = land(text, kind="timestamptz")
    assert (cells, said.columns) == (["2024-07-01T07:15:00Z"], ())


def test_a_time_that_the_clocks_showed_twice_is_the_first_of_both(land):
    cells, said = land("2024-10-27 01:59:59", "2024-10-27 02:30:00", "2024-10-27 03:00:00")
    assert cells == ["2024-10-26T23:59:59Z", "2024-10-27T00:30:00Z", "2024-10-27T02:00:00Z"]
    assert (said.twice, said.never) == (1, 0)


def test_a_time_that_the_clocks_never_showed_is_none(land):
    cells, said = land("2024-03-31 01:59:59", "2024-03-31 02:30:00", "2024-03-31 03:00:00")
    assert cells == [
        "2024-03-31T00:59:59Z",
        "2024-03-31T02:30:00 (no such time in Europe/Prague)",
        "2024-03-31T01:00:00Z",
    ]
    assert (said.twice, said.never) == (0, 1)


def test_where_cells_have_types_such_a_time_stops_the_import(land):
    with pytest.raises(UnexpectedExtract, match=r"no such time in Europe/Prague.*land it as csv"):
        land("2024-03-31 02:30:00", file_format="parquet")


def test_what_is_far_off_or_endless_is_left_for_quarantine(land):
    cells, said = land("infinity", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "")
    assert cells == ["infinity", "9999-12-31 23:59:59", "0001-01-01 00:00:00", ""]
    assert (said.twice, said.never) == (0, 0)


@pytest.mark.parametrize(
    "zone",
    ["Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Pacific/Apia", "Asia/Kathmandu"],
)
def test_every_quarter_of_an_hour_is_what_the_library_says(zone):
    """Of years in which clocks were set, by half an hour and by a whole day too; Python's zoneinfo is the other opinion."""
    with connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            "create temp table landing as select unnest(generate_series(timestamp '2011-09-01', timestamp '2012-04-20',"
            " interval 15 minute)) as occurred_at, occurred_at as given"
        )
        to_instants(connection, "session", "landing", ("occurred_at",), zone)
        rows = connection.execute("select given, occurred_at from landing order by given").fetchall()
    assert len(rows) > 20_000
    assert [(given, cell) for given, cell in rows if cell != _by_library(given, zone)] == []


def _by_library(given: datetime, zone: str) -> str:
    instant = given.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != given:
        return f"{given:%Y-%m-%dT%H:%M:%S} (no such time in {zone})"
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
