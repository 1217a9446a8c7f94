"""What a release, a watch or a settlement reads of the past is the same after years."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from homes import copy_home
from laid_orders import lay_security_orders, take_back
from resigned import lay_record

from creditline.home import HomeSettings, create_home
from creditline.home.releases import last_record, records_since
from creditline.release import FEED, release, release_security
from creditline.release.feed import ORDER_FEEDS, SECURITY, records_of

FIRST = date(2026, 3, 1)


class Reads:
    """How many records of files were read."""

    def __init__(self, monkeypatch):
        self.count = 0
        read_bytes = Path.read_bytes

        def counted(path):
            self.count += path.suffix == ".json" and "releases" in path.parts
            return read_bytes(path)

        monkeypatch.setattr(Path, "read_bytes", counted)

    def of(self, act):
        self.count = 0
        act()
        return self.count


@pytest.fixture
def reads(monkeypatch):
    return Reads(monkeypatch)


@pytest.fixture
def empty(tmp_path):
    return create_home(tmp_path / "empty", HomeSettings(name="empty", is_demo=True))


def lay_records(home, feed, days, **facts):
    """Records of a feed's files, one a day given; of an earlier release, unless facts say more."""
    folder = home.releases / feed
    folder.mkdir(parents=True, exist_ok=True)
    first = 1 + (last_record(home, feed) or {"sequence": 0})["sequence"]
    for sequence, day in enumerate(days, start=first):
        content = {
            "sequence": sequence,
            "business_date": str(day),
            "file": f"{sequence:06d}.csv",
            "sha256": "0",
            "rows": 1,
        }
        name = f"{sequence:06d}.json"
        lay_record(home, folder / name, content | {key: value(day) for key, value in facts.items()})


def through(day):
    return str(day)


def days(count, a_day, until):
    return [until - timedelta(days=number // a_day) for number in reversed(range(count))]


@pytest.mark.parametrize("feed", ORDER_FEEDS)
def test_a_night_reads_its_own_files_however_many_left_before(empty, reads, feed):
    lay_records(empty, feed, days(3000, 100, FIRST), through_date=through)
    assert reads.of(lambda: last_record(empty, feed)) == 1
    assert reads.of(lambda: records_of(empty, feed, FIRST)) == 101
    assert reads.of(lambda: records_since(empty, feed, FIRST + timedelta(days=1))) == 1
    assert len(records_of(empty, feed, FIRST)) == 100


def test_a_file_that_left_late_is_found_behind_later_days(empty):
    last = FIRST + timedelta(days=40)
    lay_records(empty, SECURITY, [FIRST, last], through_date=through)
    lay_records(empty, SECURITY, [FIRST], through_date=lambda _: str(last))
    assert [record["sequence"] for record in records_of(empty, SECURITY, FIRST)] == [1, 3]
    assert [record["sequence"] for record in records_since(empty, SECURITY, last)] == [2]


def test_records_of_an_earlier_release_are_read_a_month_back(empty):
    lay_records(empty, SECURITY, [FIRST, FIRST + timedelta(days=20), FIRST])
    assert [record["sequence"] for record in records_of(empty, SECURITY, FIRST)] == [1, 3]
    assert [record["sequence"] for record in records_since(empty, SECURITY, FIRST + timedelta(days=20))] == [2]


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book whose newest night has orders of both feeds, none of which has left."""
    home = copy_home(sample_book.home, tmp_path / "home")
    take_back(home)
    lay_security_orders(home)
    return home


def test_a_release_reads_no_more_after_a_thousand_files_and_its_records_say_through_which_day(home, reads):
    night = home.published_dates()[-1]
    for feed in ORDER_FEEDS:
        lay_records(home, feed, days(500, 1, night - timedelta(days=40)), modes=lambda _: {})
    later = night + timedelta(days=2)
    lay_records(home, SECURITY, [later], through_date=through)
    assert reads.of(lambda: release_security(home, night)) <= 5
    assert reads.of(lambda: release(home, night)) <= 8
    assert reads.of(lambda: release_security(home, night)) <= 5
    assert last_record(home, SECURITY)["through_date"] == str(later)
    assert last_record(home, FEED)["through_date"] == str(night)
