"""Expected nights: what a calendar asks for, what a missing night holds, and who may let it go."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from homes import copy_home
from own_policies import calendar_row, lay_policies
from small_delivery import NIGHT, deliver, small_home

from creditline.cli.status import home_status
from creditline.errors import UsageError
from creditline.home.publications import read_manifest
from creditline.home.skips import read_skips
from creditline.night import pending_nights, run_all, run_night
from creditline.night.calendar import NightHeld, missing_dates, skip_night
from creditline.policy.calendar import expected_dates

SECOND, THIRD, FOURTH = (NIGHT + timedelta(days=number) for number in (1, 2, 3))
PEOPLE = {"by": "maker", "approved_by": "checker"}
CALENDARS = [
    ("every day", [calendar_row("expected_nights", "daily")], [1, 2, 3, 4, 5, 6, 7, 8]),
    # 2026-10-03 is a Saturday
    ("business days", [calendar_row("expected_nights", "business_days")], [1, 2, 5, 6, 7, 8]),
    (
        "a holiday week, its last date excluded",
        [
            calendar_row("expected_nights", "business_days"),
            calendar_row("holiday", "a feast", start="2026-10-01", end="2026-10-08"),
        ],
        [8],
    ),
    (
        "a rhythm that changes",
        [
            calendar_row("expected_nights", "daily", end="2026-10-03"),
            calendar_row("expected_nights", "business_days", start="2026-10-03"),
        ],
        [1, 2, 5, 6, 7, 8],
    ),
    ("deadlines alone", [calendar_row("deadline", "01:00")], []),
]


@pytest.mark.parametrize(("rows", "days"), [case[1:] for case in CALENDARS], ids=[case[0] for case in CALENDARS])
def test_the_dates_that_a_calendar_expects(rows, days):
    assert expected_dates(rows, date(2026, 10, 1), date(2026, 10, 8)) == [date(2026, 10, day) for day in days]


def test_a_month_end_book_is_expected_on_the_last_day_of_every_month():
    rows = [calendar_row("expected_nights", "month_end")]
    expected = expected_dates(rows, date(2028, 1, 31), date(2028, 4, 29))
    assert expected == [date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31)]


@pytest.fixture(scope="module")
def first_night(tmp_path_factory):
    """A small book whose first night is published."""
    home = small_home(tmp_path_factory.mktemp("calendar") / "home")
    deliver(home)
    run_night(home, NIGHT)
    return home


@pytest.fixture
def home(first_night, tmp_path):
    """The same with its third and fourth night landed."""
    home = copy_home(first_night, tmp_path / "home")
    deliver(home, night=THIRD)
    deliver(home, night=FOURTH)
    return home


def states(home):
    return {str(night["night"]): night["state"] for night in home_status(home.root)["nights"]}


def test_a_missing_night_holds_later_ones_until_it_arrives(home):
    with pytest.raises(
        NightHeld, match=f"night {THIRD} is held: {SECOND} is expected by calendar.csv and not delivered"
    ):
        list(run_all(home))
    assert home.published_dates() == [NIGHT]
    assert states(home) == {
        str(NIGHT): "published",
        str(SECOND): "missing",
        str(THIRD): f"held by {SECOND}",
        str(FOURTH): f"held by {SECOND}",
    }
    with pytest.raises(NightHeld, match=r"1 more after it"):
        run_night(home, FOURTH)
    deliver(home, night=SECOND)
    assert states(home)[str(THIRD)] == "landed"
    assert [run_night(home, day).publication.is_new for day in (SECOND, THIRD)] == [True, True]


def test_two_people_skip_a_night_and_the_state_of_the_night_before_goes_on(home):
    skip_night(home, SECOND, reason="the core was down", **PEOPLE)
    assert [(skip.business_date, skip.by, skip.approved_by) for skip in read_skips(home)] == [
        (SECOND, "maker", "checker")
    ]
    assert states(home)[str(SECOND)] == "skipped"
    # The sender may have counted the delivery that never came.
    run_night(home, THIRD)
    assert read_manifest(home, THIRD)["previous_business_date"] == str(NIGHT)
    deliver(home, night=SECOND)
    assert SECOND not in pending_nights(home)
    with pytest.raises(NightHeld, match="was skipped by two people"):
        run_night(home, SECOND)
    assert states(home)[str(SECOND)] == "skipped"


def test_only_a_missing_night_is_skipped_by_two_people_with_a_reason(home):
    refused = [
        ({**PEOPLE, "approved_by": "maker", "reason": "no"}, SECOND, "two people"),
        ({**PEOPLE, "reason": " "}, SECOND, "needs a reason"),
        ({**PEOPLE, "reason": "no"}, NIGHT, "is published"),
        ({**PEOPLE, "reason": "no"}, NIGHT - timedelta(days=1), "holds back no other night"),
    ]
    for answer, day, said in refused:
        with pytest.raises(UsageError, match=said):
            skip_night(home, day, **answer)
    assert not home.skips_file.exists()
    skip_night(home, SECOND, reason="no", **PEOPLE)
    with pytest.raises(UsageError, match="skipped already"):
        skip_night(home, SECOND, reason="no", **PEOPLE)


def test_a_refused_delivery_that_two_people_skip_holds_nobody(home):
    directory = deliver(home, night=SECOND)
    manifest = json.loads((directory / "manifest.json").read_text())
    (directory / "manifest.json").write_text(json.dumps({**manifest, "business_date": str(NIGHT)}))
    with pytest.raises(Exception, match="business_date"):
        run_night(home, SECOND)
    assert states(home)[str(SECOND)] == "refused"
    assert states(home)[str(THIRD)] == f"held by {SECOND}"
    skip_night(home, SECOND, reason="it is spoilt", **PEOPLE)
    assert run_night(home, THIRD).publication.is_new


def test_a_holiday_holds_nobody(home, tmp_path, monkeypatch):
    assert missing_dates(home, THIRD) == [SECOND]
    rows = [
        calendar_row("expected_nights", "daily"),
        calendar_row("holiday", "a feast", start=str(SECOND), end=str(THIRD)),
    ]
    lay_policies(monkeypatch, tmp_path, calendar=rows)
    assert missing_dates(home, FOURTH) == [THIRD]


def test_the_calendar_of_packs_that_decide_nobody_in_the_book_holds_nobody(home, tmp_path, monkeypatch):
    """The bundled packs of other books expect a night every day; this one is known at month ends only."""
    lay_policies(monkeypatch, tmp_path, calendar=[calendar_row("expected_nights", "month_end")])
    assert missing_dates(home, date(2026, 10, 2)) == [date(2026, 9, 30)]


def test_a_first_night_has_nothing_before_it(tmp_path):
    assert missing_dates(small_home(tmp_path / "home"), THIRD) == []
