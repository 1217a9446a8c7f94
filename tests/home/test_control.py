"""What people recorded counts with the home's signature alone, in the order in which it was recorded, and to its last line."""

from __future__ import annotations

import json
import shutil

import pytest

from creditline.home import HomeSettings, create_home
from creditline.home.control import append_line, control_heads, read_lines
from creditline.home.proof import NotGenuine
from creditline.release import ALL_SLICES, read_modes, set_mode

PEOPLE = {"by": "maker", "approved_by": "checker"}


@pytest.fixture
def home(tmp_path):
    """A home in which a slice went live and was paused."""
    home = create_home(tmp_path / "home", HomeSettings(name="control", is_demo=True))
    set_mode(home, ALL_SLICES, "live", **PEOPLE)
    shutil.copytree(home.control, home.root / "before")
    set_mode(home, ALL_SLICES, "paused", by="maker")
    return home


def lines(home):
    return home.modes_file.read_text().splitlines()


def lay(home, kept):
    home.modes_file.write_text("".join(f"{line}\n" for line in kept))


def without_signature(line):
    said = json.loads(line)
    del said["signature"]
    return json.dumps(said)


FORGERIES = {
    "the last line cut off": lambda home: lay(home, lines(home)[:1]),
    "every line cut off": lambda home: home.modes_file.unlink(),
    "the first line taken away": lambda home: lay(home, lines(home)[1:]),
    "lines in another order": lambda home: lay(home, lines(home)[::-1]),
    "a line twice": lambda home: lay(home, [*lines(home), lines(home)[0]]),
    "a line without a signature": lambda home: lay(home, [*lines(home), without_signature(lines(home)[0])]),
    "a line changed": lambda home: lay(home, [line.replace('"paused"', '"live"') for line in lines(home)]),
    "no JSON": lambda home: lay(home, [*lines(home), "live"]),
    "a list": lambda home: lay(home, [*lines(home), "[]"]),
    "the file and its notes as they were before the pause": lambda home: (
        shutil.rmtree(home.control),
        shutil.copytree(home.root / "before", home.control),
    ),
    "the notes of another day": lambda home: (
        lay(home, lines(home)[:1]),
        (home.control / "heads.json").write_text(
            (home.control / "heads.json").read_text().replace('"line": 2', '"line": 1')
        ),
    ),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_control_file_that_somebody_else_wrote_to_is_not_read(home, forge):
    assert read_modes(home).of("X/y") == "paused"
    forge(home)
    with pytest.raises(NotGenuine, match=r"restore (it|the file) from a backup"):
        read_modes(home)


def test_nothing_is_recorded_behind_a_line_that_somebody_else_wrote(home):
    lay(home, lines(home)[:1])
    with pytest.raises(NotGenuine):
        set_mode(home, ALL_SLICES, "live", **PEOPLE)
    assert len(lines(home)) == 1


def test_a_signed_line_of_one_file_counts_in_no_other(home):
    append_line(home, home.control / "other.jsonl", {"slice_code": "*", "mode": "live", **PEOPLE, "recorded_at": "now"})
    shutil.copy(home.control / "other.jsonl", home.modes_file)
    with pytest.raises(NotGenuine, match=r"modes\.jsonl line 1 does not follow"):
        read_modes(home)


def test_a_line_that_a_killed_process_could_not_note_counts(home, monkeypatch):
    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr("creditline.home.control._note_head", dies)
        with pytest.raises(KeyboardInterrupt):
            set_mode(home, ALL_SLICES, "observe", by="maker")
    assert control_heads(home)["modes.jsonl"]["line"] == 2
    assert read_modes(home).of("X/y") == "observe"
    set_mode(home, ALL_SLICES, "paused", by="maker")
    assert control_heads(home)["modes.jsonl"]["line"] == 4
    assert len(read_lines(home, home.modes_file)) == 4
