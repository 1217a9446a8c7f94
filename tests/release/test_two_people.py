"""Whatever takes two people is refused to one, however he spells his names, and to one and nobody."""

from __future__ import annotations

from datetime import date

import pytest

from creditline.errors import UsageError
from creditline.home import HomeSettings, create_home
from creditline.home.people import are_two_people
from creditline.night.calendar import skip_night
from creditline.release import approve, set_mode
from creditline.release.inherited import approve_batch
from creditline.restate.history import restate
from creditline.subject.erase import erase_subject

DAY = date(2026, 9, 1)
ACTS = {
    "going live": lambda home, people: set_mode(home, "*", "live", **people),
    "a ramp": lambda home, people: set_mode(home, "*", "ramp 5", **people),
    "a held slice": lambda home, people: approve(home, "BANK01/jiebei_mini", DAY, **people),
    "inherited triggers": lambda home, people: approve_batch(home, DAY, **people),
    "an erasure": lambda home, people: erase_subject(home, "C1", reason="asked for it", **people),
    "a restatement": lambda home, people: restate(home, DAY, reason="a wrong file", **people),
    "a skipped night": lambda home, people: skip_night(home, DAY, reason="a holiday", **people),
}
ONE_PERSON = [
    ("ann", "ann"),
    ("Ann", "ann"),
    ("ann", " ANN "),
    ("A", "A "),
    ("", "ann"),
    ("ann", ""),
    (" ", "\t"),
    ("Ж", "ж"),
]


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home", HomeSettings(name="people", is_demo=True))


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize(("by", "approved_by"), ONE_PERSON)
def test_one_person_is_not_two(home, act, by, approved_by):
    with pytest.raises(UsageError, match="needs two people: give --by a name, and --approved-by"):
        act(home, {"by": by, "approved_by": approved_by})
    assert not home.control.exists()


def test_two_people_are_two_and_nobody_is_no_second_one():
    assert are_two_people("ann", "Bob")
    assert not are_two_people("ann", None)
