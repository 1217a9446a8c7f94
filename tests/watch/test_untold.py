"""Who is held while a slice is paused is stopped, and the desk told, by the first night after it is live."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from homes import copy_home
from intraday import instant, land_intraday, orders_of, people
from test_night_after import deliver_again, of_night

from creditline.night import run_night
from creditline.release import ALL_SLICES, set_mode
from creditline.release.notices import RESTRICTED_FEED
from creditline.replay.night import replay_night
from creditline.simulate import continue_book
from creditline.watch import watch


def live(home):
    set_mode(home, ALL_SLICES, "live", by="maker", approved_by="checker")


def told(home):
    lines = [
        json.loads(line)
        for file in sorted((home.outbox / RESTRICTED_FEED).glob("*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    return [(line["account_id"], line["action"]) for line in lines]


@pytest.fixture(scope="module")
def held(sample_book, tmp_path_factory):
    """A night that holds one customer's account while every slice is paused."""
    home = copy_home(sample_book.home, tmp_path_factory.mktemp("held") / "home")
    day = home.published_dates()[-1] + timedelta(days=1)
    (person,) = people(home, 1)
    hold = ("H1", "legal_hold", person.account_id, None, instant(home, day, "1000"), *[None] * 6, "received")
    set_mode(home, ALL_SLICES, "paused", by="maker")
    continue_book(home)
    deliver_again(home, day, {"case_event": [hold]})
    run_night(home, day)
    return home, day, person


@pytest.fixture
def home(held, tmp_path):
    return copy_home(held[0], tmp_path / "home")


def test_the_first_night_of_a_live_slice_stops_and_tells(held, home):
    _, day, person = held
    assert orders_of(home, person) == [] and (person.account_id, "FREEZE") not in told(home)
    continue_book(home)
    run_night(home, day + timedelta(days=1))
    assert orders_of(home, person) == []
    live(home)
    night = day + timedelta(days=2)
    continue_book(home)
    run_night(home, night)
    (order,) = orders_of(home, person)
    assert (order["action"], order["expires_at"], order["reason_codes"]) == ("FREEZE", "", "L1")
    assert told(home).count((person.account_id, "FREEZE")) == 1
    assert replay_night(home, night).differences == ()
    continue_book(home)
    run_night(home, night + timedelta(days=1))
    (decision,) = of_night(home, night + timedelta(days=1), "fct_limit_decision", person)
    assert (decision["action"], decision["display_state"]) == ("HOLD", "FROZEN_SECURITY")
    assert len(orders_of(home, person)) == 1
    assert told(home).count((person.account_id, "FREEZE")) == 1


def test_the_first_watch_of_a_live_slice_stops_and_tells(held, home):
    _, day, person = held
    continue_book(home)
    night = day + timedelta(days=1)
    run_night(home, night)
    live(home)
    today = night + timedelta(days=1)
    other = (
        "H2",
        "limit_request",
        person.account_id,
        None,
        instant(home, today, "0900"),
        "1000.00",
        *[None] * 5,
        "received",
    )
    land_intraday(home, today, "0900", sequence=1, case_event=[other])
    watch(home, today)
    (order,) = orders_of(home, person)
    assert (order["action"], order["reason_codes"]) == ("FREEZE", "L1")
