"""A late bureau file, an event source with five days of coverage, a holiday week and a month-end book move no limit.

Each book is compared with a twin that has no fault, and with one in which the same evidence counts. In the policy of
these tests one night is enough to move a limit.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from homes import copy_home
from own_policies import calendar_row, lay_policies
from small_delivery import NIGHT, change_entry, change_manifest, deliver, small_home, spoil

from creditline.gate.acceptance import accept_jump
from creditline.night import run_night
from creditline.publish.reader import query_marts

pytestmark = pytest.mark.slow

AFTER_HOLIDAYS = NIGHT + timedelta(days=5)
MONTH_ENDS = (date(2026, 9, 30), date(2026, 10, 31))
LONG_AGO = NIGHT - timedelta(days=200)
# Everybody stands where a point of the score is money.
AT_ONCE = {
    "score_base": 590,
    "tolerance_bp": 0,
    "confirmation": {"ewma_alpha_pct": 100, "window_nights": 1, "needed_nights": 1},
    "slots": {"cut_days": 1, "raise_days": 1},
}
GOOD, BAD = b",690,0.00,false", b",400,400000.00,true"
CALENDAR = [
    calendar_row("expected_nights", "daily", end=str(AFTER_HOLIDAYS)),
    calendar_row("expected_nights", "month_end", start=str(AFTER_HOLIDAYS)),
    calendar_row("holiday", "a feast", start=str(NIGHT + timedelta(days=1)), end=str(AFTER_HOLIDAYS)),
    calendar_row("deadline", "01:00", "bureau_score"),
]


@pytest.fixture(scope="module", autouse=True)
def _policies(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        lay_policies(patch, tmp_path_factory.mktemp("policies"), settings=AT_ONCE, calendar=CALENDAR)
        yield


@pytest.fixture(scope="module")
def first_night(tmp_path_factory):
    """A book with a past and a good bureau score for everybody, after its first night."""
    home = small_home(tmp_path_factory.mktemp("first") / "home")
    directory = deliver(home, sources=("account_snapshot", "bureau_score"))
    change_entry(directory, "account_snapshot.csv", coverage_from=str(LONG_AGO))
    run_night(home, NIGHT)
    return home


@pytest.fixture
def grow(first_night, tmp_path):
    """A way to make homes that go on from the first night."""
    return lambda name: copy_home(first_night, tmp_path / name)


def decisions(home, night):
    """Score and limit by account, the least that may differ."""
    columns = "account_key, score, recommended_limit_amount, action"
    return query_marts(
        home, f"select {columns} from fct_limit_decision where business_date = date '{night}' order by 1"
    )[1]


def limits(home, night):
    return [(row[0], row[2]) for row in decisions(home, night)]


def test_a_late_bureau_file(grow):
    second = NIGHT + timedelta(days=1)
    homes = {}
    for name, delivered_at, said in (
        ("twin", "17:00", GOOD),
        ("late", "17:01", BAD),
        ("in time", "17:00", BAD),
    ):
        home = homes[name] = grow(name)
        directory = deliver(home, night=second, sources=("account_snapshot", "bureau_score"))
        spoil(directory, "bureau_score.csv", lambda content, said=said: content.replace(GOOD, said))
        change_manifest(directory, lambda it, at=delivered_at: it.update(delivered_at=f"{second}T{at}:00Z"))
        accept_jump(home, "bureau_score", second, by="maker", approved_by="checker", reason="the scores did fall")
        run_night(home, second)
    assert decisions(homes["late"], second) == decisions(homes["twin"], second)
    assert limits(homes["in time"], second) != limits(homes["twin"], second)


def test_an_event_source_with_five_days_of_coverage(tmp_path):
    homes = {}
    for name, coverage_from in (("twin", None), ("five days", NIGHT - timedelta(days=4)), ("covered", LONG_AGO)):
        home = homes[name] = small_home(tmp_path / name)
        sources = ("account_snapshot",) if coverage_from is None else ("account_snapshot", "loan_application")
        directory = deliver(home, sources=sources)
        if coverage_from:
            spoil(directory, "loan_application.csv", a_burst)
            change_entry(directory, "loan_application.csv", coverage_from=str(coverage_from))
        run_night(home, NIGHT)
    assert decisions(homes["five days"], NIGHT) == decisions(homes["twin"], NIGHT)
    assert limits(homes["covered"], NIGHT) != limits(homes["twin"], NIGHT)


def a_burst(content):
    """Every application five times, a minute apart."""
    header, *rows = content.splitlines(keepends=True)
    later = ((number, row.replace(b"T08:00:00", b"T08:0%d:00" % number)) for number in range(5) for row in rows)
    return header + b"".join(b"%d-%s" % each for each in later)


def test_a_holiday_week(grow):
    rested, worked = grow("rested"), grow("worked")
    days = [NIGHT + timedelta(days=number) for number in range(1, 6)]
    for number, day in enumerate(days, start=2):
        deliver(worked, night=day, sources=("account_snapshot",), sequence=number)
        run_night(worked, day)
    deliver(rested, night=AFTER_HOLIDAYS, sources=("account_snapshot",), sequence=2)
    run_night(rested, AFTER_HOLIDAYS)
    assert decisions(rested, AFTER_HOLIDAYS) == decisions(worked, AFTER_HOLIDAYS)
    assert {row[3] for row in decisions(rested, AFTER_HOLIDAYS)} != {"HOLD"}


def test_a_month_end_book(grow):
    home = grow("month ends")
    for number, night in enumerate(MONTH_ENDS, start=2):
        deliver(home, night=night, sources=("account_snapshot",), sequence=number)
        run_night(home, night)
    assert limits(home, MONTH_ENDS[0]) == limits(home, NIGHT)
    assert limits(home, MONTH_ENDS[1]) == limits(home, NIGHT)
