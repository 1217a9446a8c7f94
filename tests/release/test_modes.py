"""Modes: who may be ordered about."""

from __future__ import annotations

import pytest

from creditline.errors import UsageError
from creditline.home import HomeSettings, create_home
from creditline.release import read_modes, set_mode


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home", HomeSettings(name="modes", is_demo=True))


def test_a_slice_that_nobody_named_is_in_observe(home):
    assert read_modes(home).of("BANK01/jiebei_mini") == "observe"
    assert read_modes(home).share_percent("BANK01/jiebei_mini") == 0


@pytest.mark.parametrize("mode", ["live", "ramp 10"])
def test_going_live_takes_two_people(home, mode):
    with pytest.raises(UsageError, match="two people"):
        set_mode(home, "BANK01/jiebei_mini", mode, by="maker")
    with pytest.raises(UsageError, match="somebody other than 'maker'"):
        set_mode(home, "BANK01/jiebei_mini", mode, by="maker", approved_by="maker")
    assert read_modes(home).changes == ()


def test_one_person_pauses(home):
    set_mode(home, "*", "live", by="maker", approved_by="checker")
    set_mode(home, "BANK01/jiebei_mini", "paused", by="operator")
    modes = read_modes(home)
    assert modes.share_percent("BANK01/jiebei_mini") == 0
    assert modes.share_percent("CFC01/jiebei_mini") == 100


def test_nobody_pauses_nothing(home):
    with pytest.raises(UsageError, match="give a name with --by"):
        set_mode(home, "*", "paused", by=" ")
    assert read_modes(home).changes == ()


def test_the_latest_change_that_names_a_slice_decides(home):
    set_mode(home, "BANK01/jiebei_mini", "ramp 25", by="maker", approved_by="checker")
    assert read_modes(home).share_percent("BANK01/jiebei_mini") == 25
    set_mode(home, "*", "paused", by="operator")
    assert read_modes(home).share_percent("BANK01/jiebei_mini") == 0


@pytest.mark.parametrize("mode", ["LIVE", "ramp 0", "ramp 101", "ramp", "off", ""])
def test_an_unknown_mode_is_refused(home, mode):
    with pytest.raises(UsageError, match="is not a mode"):
        set_mode(home, "*", mode, by="maker", approved_by="checker")
