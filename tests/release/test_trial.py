"""A trial: past nights of one's own history, live, whose orders reach nobody and are never taken for real ones."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from homes import copy_home

from creditline.errors import UsageError
from creditline.home import DEMO_SECRET, Home, HomeSettings, create_home, open_home
from creditline.home.publications import read_manifest
from creditline.night import release as release_night
from creditline.night import run_night
from creditline.release import ALL_SLICES, NotReady, set_mode
from creditline.release.clock import instant
from creditline.simulate import sample_home_settings, simulate_book
from creditline.watch import watch

PEOPLE = {"by": "maker", "approved_by": "checker"}
# Long past for the machine that runs the test, whenever that is.
PAST = date(2021, 3, 1)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """A trial of one past night, live before it was run, by the bundled demo packs."""
    settings = HomeSettings(name="past", is_trial=True, expected_sources=sample_home_settings().expected_sources)
    home = create_home(tmp_path_factory.mktemp("trial") / "home", settings)
    simulate_book(home, accounts=120, nights=1, first_date=PAST, seed=3)
    set_mode(home, ALL_SLICES, "live", **PEOPLE)
    return home, run_night(home, PAST)


def say(home, old, new):
    """The same home with another word in its settings."""
    path = home.root / "creditline.yml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return Home(home.root)


def test_its_now_is_the_newest_cut_off(tmp_path):
    home = create_home(tmp_path / "home", HomeSettings(name="past", is_trial=True))
    (home.published / str(PAST) / "r00").mkdir(parents=True)
    assert instant(home) == home.cut_off_at(PAST) == datetime(2021, 3, 1, 18, 0)


def test_orders_of_a_past_night_leave_for_nobody_and_say_so(trial):
    home, result = trial
    released = result.release
    assert released.orders > 0
    assert released.expired == 0
    assert released.file.parent == home.root / "trial-outbox" / "limit_adjustments"
    assert released.file.name.startswith("TRIAL_limit_adjustments_2021-03-01_")
    control = json.loads(released.file.with_suffix(".ctl").read_text())
    assert control["is_trial"] is True
    for record in home.releases.glob("*/[0-9]*.json"):
        if "sha256" in json.loads(record.read_text()):
            assert json.loads(record.read_text())["is_trial"] is True, record
    files = [path for path in (home.root / "trial-outbox").rglob("*") if path.is_file()]
    assert all(path.name.startswith("TRIAL_") for path in files)
    assert not (home.root / "outbox").exists()


def test_its_publication_says_so_and_names_it(trial):
    home, _ = trial
    assert read_manifest(home, PAST, 0)["is_trial"] is True
    assert home.settings.title == "past (trial: its orders reach no core)"


@pytest.mark.parametrize("work", ["release", "next night", "watch"])
def test_a_trial_never_becomes_live(trial, tmp_path, work):
    home = say(copy_home(trial[0], tmp_path / "home"), "is_trial: true", "is_trial: false")
    with pytest.raises(UsageError, match=r"is_trial is false, and night 2021-03-01 was published as that of a trial"):
        if work == "release":
            release_night(home, PAST)
        elif work == "watch":
            watch(home, PAST + timedelta(days=1))
        else:
            run_night(home, PAST + timedelta(days=1))
    assert not (home.root / "outbox").exists()


def test_a_home_that_published_never_becomes_a_trial(trial, tmp_path, monkeypatch):
    home = copy_home(trial[0], tmp_path / "home")
    manifest = {**read_manifest(home, PAST, 0), "is_trial": False}
    monkeypatch.setattr("creditline.home.publications.read_manifest", lambda *_: manifest)
    with pytest.raises(UsageError, match=r"is_trial is true, and night 2021-03-01 was published as that of no trial"):
        release_night(home, PAST)


def test_no_validation_is_asked_of_a_trial_but_keys_of_its_own(trial, tmp_path):
    home = copy_home(trial[0], tmp_path / "home")
    assert set_mode(home, "BANK01/jiebei_mini", "ramp 5", **PEOPLE).mode == "ramp 5"
    home.key_file(home.settings.keys.pseudonym_secret).write_text(DEMO_SECRET.hex())
    with pytest.raises(NotReady, match=r"keys\.pseudonym_secret is the well-known one"):
        set_mode(home, ALL_SLICES, "live", **PEOPLE)


def test_a_home_is_a_demo_or_a_trial(tmp_path):
    (tmp_path / "creditline.yml").write_text("name: x\nis_demo: true\nis_trial: true\n")
    with pytest.raises(UsageError, match="a demo or a trial, not both"):
        open_home(tmp_path)


def test_a_home_that_is_there_is_made_no_trial(tmp_path):
    create_home(tmp_path, HomeSettings(name="x"))
    with pytest.raises(UsageError, match="already is the home of 'x', no trial"):
        create_home(tmp_path, HomeSettings(name="x", is_trial=True))
