"""A sample of `scripts/evaluate kill-switch`, and the two ways in which a pause could fail to stop a release."""

from __future__ import annotations

import json
import threading
import time

import pytest
from homes import copy_home
from kill_switch import Stand, instants, what_is_broken

from creditline.home.lock import HomeBusy
from creditline.home.releases import last_record
from creditline.release import ALL_SLICES, feed, modes, read_modes, release, set_mode, settle_interrupted

pytestmark = pytest.mark.slow

TRIALS, SEED = 8, 3


@pytest.fixture(scope="module")
def stand(sample_book, tmp_path_factory):
    return Stand(sample_book.home, tmp_path_factory.mktemp("kill"))


@pytest.fixture
def home(stand, tmp_path):
    stand.reset()
    return copy_home(stand.home, tmp_path / "home")


@pytest.fixture
def night(home):
    return home.published_dates()[-1]


def test_nothing_leaves_once_the_pause_has_returned_and_everything_leaves_once_after_it(stand):
    undisturbed = stand.undisturbed()
    trials = [stand.trial(instant, undisturbed) for instant in instants(undisturbed, TRIALS, SEED)]
    assert {trial.instant: trial.breaches for trial in trials} == {trial.instant: [] for trial in trials}


def test_a_pause_waits_for_the_last_step_that_looked_before_it(home, night, monkeypatch):
    """Paused between the last look and the control file, the file leaves, and before the pause returns."""
    looked, done = threading.Event(), []
    write = feed.write_file

    def slowly(target, content):
        if target.suffix == ".ctl":
            looked.set()
            time.sleep(0.3)
            done.append("left")
        write(target, content)

    monkeypatch.setattr(feed, "write_file", slowly)
    releasing = threading.Thread(target=release, args=(home, night))
    releasing.start()
    assert looked.wait(30)
    set_mode(home, ALL_SLICES, "paused", by="operator")
    assert done == ["left"]
    assert any(str(night) in path.read_text() for path in (home.releases / feed.ADJUSTMENTS).glob("*.json"))
    releasing.join()


def test_a_release_that_stands_still_at_its_last_step_is_named(home, monkeypatch):
    monkeypatch.setattr(modes, "_PATIENCE_SECONDS", 0.1)
    with modes.leaving(home, "it did not leave"), pytest.raises(HomeBusy, match=r"recorded .* process [0-9]+ has held"):
        set_mode(home, ALL_SLICES, "paused", by="operator")
    assert read_modes(home).of("BANK01/jiebei_mini") == "paused"


def test_two_people_at_once_are_both_recorded(home):
    before = len(read_modes(home).changes)
    people = [
        threading.Thread(target=set_mode, args=(home, ALL_SLICES, "paused"), kwargs={"by": f"operator {number}"})
        for number in range(8)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len(read_modes(home).changes) == before + 8


@pytest.mark.parametrize(
    "name", [".{stem}.csv.partial", "{stem}.csv", "tmp_.{stem}.csv.partial", ".{stem}.ctl.partial"]
)
def test_parts_of_a_file_that_never_left_are_taken_away(home, name):
    folder = home.outbox / feed.ADJUSTMENTS
    stem = f"{feed.ADJUSTMENTS}_2026-08-31_{last_record(home, feed.ADJUSTMENTS)['sequence'] + 1:06d}"
    (folder / name.format(stem=stem)).write_text("adjustment_id\n")
    assert what_is_broken(home)
    settle_interrupted(home, feed.ADJUSTMENTS)
    assert what_is_broken(home) == []


def test_a_file_with_its_control_file_is_never_taken_away(home):
    folder = home.outbox / feed.ADJUSTMENTS
    stem = f"{feed.ADJUSTMENTS}_2026-08-31_{last_record(home, feed.ADJUSTMENTS)['sequence'] + 1:06d}"
    for suffix in (".csv", ".ctl"):
        (folder / f"{stem}{suffix}").write_text("{}")
    settle_interrupted(home, feed.ADJUSTMENTS)
    assert (folder / f"{stem}.csv").exists()


def test_a_file_that_was_half_withdrawn_is_not_taken_for_one_that_left(home, night, monkeypatch):
    write = feed.write_file

    def killed_before_the_control_file(target, content):
        if target.suffix == ".ctl":
            raise KeyboardInterrupt
        write(target, content)

    with monkeypatch.context() as patch:
        patch.setattr(feed, "write_file", killed_before_the_control_file)
        with pytest.raises(KeyboardInterrupt):
            release(home, night)
    with monkeypatch.context() as patch:
        patch.setattr(feed.Path, "unlink", killed_after(feed.Path.unlink))
        with pytest.raises(KeyboardInterrupt):
            settle_interrupted(home, feed.ADJUSTMENTS)
    settle_interrupted(home, feed.ADJUSTMENTS)
    records = [json.loads(path.read_text()) for path in (home.releases / feed.ADJUSTMENTS).glob("*.json")]
    assert str(night) not in {record["business_date"] for record in records}
    assert what_is_broken(home) == []


def killed_after(unlink):
    def unlinked(path, *arguments, **options):
        unlink(path, *arguments, **options)
        raise KeyboardInterrupt

    return unlinked
