"""What is over: a hold at the next night's cut-off, an order at its `expires_at`. Neither ever leaves after that."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, timedelta

import duckdb
import pytest
from homes import copy_home
from laid_orders import OWN, lay_security_orders, own_home, packs_say, take_back
from resigned import resign

from creditline.home.files import canonical_json
from creditline.home.publications import MANIFEST, REVISION, publication_directory
from creditline.policy import load_pack
from creditline.release import FEED, adjustments, approve, clock, read_holds, reject, release, release_security
from creditline.release.feed import SECURITY
from creditline.release.holds import NotHeld

HELD = "BANK01/jiebei_standard"
PEOPLE = {"by": "maker", "approved_by": "checker"}
SECOND = timedelta(seconds=1)


class Machine:
    """The clock of the machine, as a test sets it."""

    def __init__(self, now):
        self.now = now


@pytest.fixture
def home(sample_book, tmp_path):
    """The sample book as a home of its own, live, before its newest night is released; the breaker holds one slice of it."""
    home = copy_home(sample_book.home, tmp_path / "home")
    take_back(home)
    lay_security_orders(home)
    home = own_home(home)
    packs_say(home, **OWN)
    file = mart(home, "fct_slice_night")
    with duckdb.connect() as connection:
        connection.execute(
            f"create table slices as select * replace (slice_code = '{HELD}' as is_held, 'too many cuts' as hold_reason)"
            f" from read_parquet('{file}')"
        )
        connection.execute(f"copy slices to '{file}' (format parquet)")
    resign(home)
    return home


@pytest.fixture
def night(home):
    return home.published_dates()[-1]


@pytest.fixture
def machine(home, night, monkeypatch):
    """A clock that stands at the night's cut-off."""
    machine = Machine(home.cut_off_at(night))
    monkeypatch.setattr(clock, "_machine_time", lambda: machine.now)
    return machine


def mart(home, name):
    return home.published / str(home.published_dates()[-1]) / REVISION / "marts" / f"{name}.parquet"


def ids_in(result):
    with result.file.open(newline="") as stream:
        return {row["adjustment_id"] for row in csv.DictReader(stream)}


def orders_where(home, condition):
    file = mart(home, "fct_limit_adjustment")
    rows = duckdb.sql(f"select adjustment_id from read_parquet('{file}') where {condition}").fetchall()
    return {row[0] for row in rows}


def set_expiry(home, name, expression):
    file = mart(home, name)
    with duckdb.connect() as connection:
        connection.execute(
            f"create table orders as select * replace ({expression} as expires_at) from read_parquet('{file}')"
        )
        connection.execute(f"copy orders to '{file}' (format parquet)")
    resign(home)


def record(home, feed, sequence):
    return json.loads((home.releases / feed / f"{sequence:06d}.json").read_text())


@pytest.mark.parametrize("answer", ["approved", "rejected"])
def test_a_hold_expires_at_the_next_nights_cut_off(home, night, machine, answer):
    expires_at = read_holds(home, night)[HELD].expires_at
    assert expires_at == home.cut_off_at(night + timedelta(days=1))

    def answer_it():
        return approve(home, HELD, night, **PEOPLE) if answer == "approved" else reject(home, HELD, night, by="maker")

    machine.now = expires_at
    with pytest.raises(NotHeld, match=f"expired at {expires_at} UTC, the next night's cut-off"):
        answer_it()
    kept = [json.loads(line) for line in home.approvals_file.read_text().splitlines()]
    assert [(one["slice_code"], one["answer"], one["by"]) for one in kept] == [(HELD, "too late", "maker")]
    assert adjustments._may_leave(home, night).approved == frozenset()
    machine.now = expires_at - SECOND
    assert answer_it().answer == answer


def test_an_answer_that_came_too_late_takes_back_none_that_came_in_time(home, night, machine):
    approve(home, HELD, night, **PEOPLE)
    machine.now = read_holds(home, night)[HELD].expires_at
    with pytest.raises(NotHeld, match="expired"):
        reject(home, HELD, night, by="maker")
    assert ids_in(release(home, night)) == orders_where(home, "true")


def test_a_release_says_until_when_a_slice_may_be_approved(home, night, machine):
    assert f"{HELD} is held (too many cuts) until 2026-09-04 18:00:00 UTC" in release(home, night).held


def test_an_expired_order_does_not_leave_and_is_counted(home, night, machine):
    early = f"slice_code <> '{HELD}' and account_key % 2 = 0"
    set_expiry(home, "fct_limit_adjustment", f"case when {early} then timestamp '{machine.now}' else expires_at end")
    expired, alive = orders_where(home, early), orders_where(home, f"slice_code <> '{HELD}' and account_key % 2 = 1")
    assert expired
    assert alive
    result = release(home, night)
    assert ids_in(result) == alive
    assert (result.expired, result.withheld) == (
        len(expired),
        len(expired) + len(orders_where(home, f"slice_code = '{HELD}'")),
    )
    assert f"{len(expired)} orders expired before they could leave" in result.reason
    assert record(home, FEED, result.sequence)["expired"] == len(expired)
    again = release(home, night)
    assert (again.is_new, again.expired) == (False, len(expired))


def test_approved_orders_that_expired_since_leave_no_more(home, night, machine):
    first = release(home, night)
    waiting = orders_where(home, f"slice_code = '{HELD}'")
    approve(home, HELD, night, **PEOPLE)
    machine.now = datetime.fromisoformat("2026-09-06")
    again = release(home, night)
    assert (again.is_new, again.sequence, again.expired) == (False, first.sequence, len(waiting))
    assert f"{len(waiting)} orders expired" in again.reason


def test_a_freeze_that_the_core_has_ended_by_now_does_not_leave(home, night, machine):
    machine.now = datetime.fromisoformat("2026-09-05T18:00:00")
    released = release_security(home, night)
    assert released.orders == 1
    assert record(home, SECURITY, 1)["expired"] == 2


def test_a_hold_outlasts_a_day_that_the_calendar_does_not_expect(home, night):
    manifest = publication_directory(home, night) / MANIFEST
    said = json.loads(manifest.read_text())
    for pack, version in said["policy_versions"].items():
        calendar = home.policy / version / "calendar.csv"
        calendar.write_text(calendar.read_text() + "holiday,closed,*,2026-09-04,2026-09-06\n")
        said["policy_versions"][pack] = load_pack(home.policy / version).policy_version
        (home.policy / version).rename(home.policy / said["policy_versions"][pack])
    manifest.write_bytes(canonical_json(said))
    resign(home, night)
    assert read_holds(home, night)[HELD].expires_at == home.cut_off_at(date(2026, 9, 6))
