"""Whatever takes two people is refused to one, however he spells his names, and to one and nobody."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import jinja2
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
    (" ", "  "),
    ("Ж", "ж"),
    # one letter changed, put in, left out; blanks, punctuation, accents, widths; letters that look alike
    ("ann", "anna"),
    ("wang", "yang"),
    ("ann", "A nn"),
    ("o'neil", "O-NEIL."),
    ("josé maría", "jose maria"),
    ("\uff41\uff4e\uff4e", "ann"),
    ("mila01", "MlLAOI"),
    ("\u0430nn\u0430", "anna"),
    ("...", "ann"),
]
# What a code of the core can hold: the nights read these in SQL.
CODES = [
    ("ann", "bob", True),
    ("ann", "amy", True),
    ("ann", "annabel", True),
    ("clerk_10", "clerk_37", True),
    ("w.ang-1", "Wang_1", False),
    ("officer_1", "officer_2", False),
    ("0tt0", "OTTO", False),
    ("1iam", "LIAM", False),
    ("a--b", "ab", False),
    ("A--1", "a..22", True),
    ("x", "y", False),
    ("ann", "nan", True),
    ("", "ann", False),
    ("  ", "ann", False),
    (None, "ann", False),
    ("ann", None, False),
]
MACRO = Path(__file__).resolve().parents[2] / "dbt_project" / "macros" / "second_person.sql"


@pytest.fixture
def home(tmp_path):
    return create_home(tmp_path / "home", HomeSettings(name="people", is_demo=True))


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize(("by", "approved_by"), ONE_PERSON)
def test_one_person_is_not_two(home, act, by, approved_by):
    with pytest.raises(UsageError, match="needs two people: give --by a name, and --approved-by"):
        act(home, {"by": by, "approved_by": approved_by})
    assert not list(home.control.iterdir())


def test_two_people_are_two_and_nobody_is_no_second_one():
    assert are_two_people("ann", "Bob")
    assert not are_two_people("ann", None)


@pytest.mark.parametrize("name", ["ann\n", "\x1b[31mann", "a\u200bnn", "ann\u202e", "\tann", "a\u2028nn"])
def test_a_name_that_cannot_be_printed_is_nobody(home, name):
    for people in ({"by": name, "approved_by": "roberta"}, {"by": "roberta", "approved_by": name}):
        with pytest.raises(UsageError, match="needs names that can be printed") as refused:
            set_mode(home, "*", "live", **people)
        assert str(refused.value).isprintable()
    with pytest.raises(UsageError, match="needs names that can be printed"):
        set_mode(home, "*", "paused", by=name)
    assert not list(home.control.iterdir())


@pytest.mark.parametrize("nobody", ["", " ", "...", "\u3000"])
def test_nobody_pauses_nothing(home, nobody):
    with pytest.raises(UsageError, match="needs a person who answers for it"):
        set_mode(home, "*", "paused", by=nobody)


def second_person_sql(actor: str | None, approver: str | None) -> str:
    """The macro of the nights over two literals, as both engines run it."""
    literals = ("cast(null as string)" if name is None else f"'{name}'" for name in (actor, approver))
    return str(jinja2.Environment().from_string(MACRO.read_text()).module.is_approved_by_second_person(*literals))


@pytest.mark.parametrize(("actor", "approver", "are_two"), CODES)
def test_the_nights_read_two_people_as_the_commands_do(actor, approver, are_two):
    assert are_two_people(actor, approver) is are_two
    assert duckdb.sql(f"select {second_person_sql(actor, approver)}").fetchone()[0] is are_two


@pytest.mark.spark
@pytest.mark.parametrize(("actor", "approver", "are_two"), CODES)
def test_spark_reads_two_people_as_duckdb_does(actor, approver, are_two):
    from creditline.spark.place import address
    from creditline.spark.session import open_session

    with open_session(address()) as session:
        assert session.run(f"select {second_person_sql(actor, approver)}") == [(are_two,)]
