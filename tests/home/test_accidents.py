"""An error of the machine is one line at every door: what, where, what to do."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time

import duckdb
import pytest
from accidents import PEOPLE, TRIALS, try_one
from small_delivery import NIGHT, deliver, small_home

from creditline.accidents import Accident, accident_of, advice_on, told_plainly
from creditline.errors import CreditlineError, UsageError
from creditline.home import files
from creditline.night import run_night
from creditline.release import ALL_SLICES, set_mode

# Of `scripts/evaluate accidents`, the faults that meet a command which takes no night to answer.
QUICK = ("status", "mode", "settle", "explain", "sql", "heal")


def test_faults_of_disks_and_files_end_in_one_line(tmp_path):
    home = small_home(tmp_path / "home")
    deliver(home)
    run_night(home, NIGHT)
    set_mode(home, ALL_SLICES, "live", **PEOPLE)
    numbers = [number for number, (command, _) in enumerate(TRIALS) if command[0] in QUICK]
    outcomes = [try_one(home.root, number, None, tmp_path / "trial") for number in numbers]
    assert {outcome.command.split()[0] for outcome in outcomes} == set(QUICK)
    assert [outcome for outcome in outcomes if outcome.breach] == []


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "free some space there"),
        (errno.EDQUOT, "free some space there"),
        (errno.EIO, "have the disk looked at"),
        (errno.EROFS, "mount it for writing"),
        (errno.EACCES, "give it back to the user that runs creditline"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EISDIR, "something else stands where the home keeps it"),
        (errno.ENOENT, "restore it from a backup"),
        (errno.EXDEV, "see what the system says about it"),
    ],
)
def test_an_error_of_the_disk_says_what_where_and_what_to_do(code, advice):
    line = str(accident_of(OSError(code, os.strerror(code), "/home/state/a.parquet")))
    assert line.startswith(f"/home/state/a.parquet: {os.strerror(code)}; ")
    assert advice in line
    assert line.endswith("run the same command again; nothing is lost")


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_write_that_fails_names_its_file(tmp_path, monkeypatch, call):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((files.Path, "write_bytes") if call == "write" else (os, "fsync")), fail)
    with pytest.raises(Accident, match=str(tmp_path.parent)), told_plainly():
        files.write_file(tmp_path / "a.json", b"{}")


def test_what_lies_behind_an_error_is_said():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "/home/x")
        except OSError as full:
            raise RuntimeError("Failed to write the page") from full
    except RuntimeError as error:
        assert "/home/x: No space left on device; free some space" in str(accident_of(error))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "there is no memory left"),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate\nAdvice"), "raise memory_limit"),
        (duckdb.IOException('IO Error: Cannot open file "/h/a.parquet": Permission denied'), "give it back"),
        (duckdb.IOException('IO Error: Could not write file "/h/a": No space left on device'), "free some space"),
        (duckdb.IOException("IO Error: Could not set lock on file /h/x: held in PID 7"), "wait until it ends"),
        (duckdb.IOException('IO Error: The file "/h/a.duckdb" exists, but is not valid'), "/h/a.duckdb is damaged"),
        (duckdb.InvalidInputException("No magic bytes found at end of file '/h/a.parquet'"), "/h/a.parquet is damaged"),
        (KeyError("gone"), "run it again with --debug"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_other_accidents_are_one_line(error, said):
    line = str(accident_of(error))
    assert said in line
    assert "\n" not in line


def test_what_a_room_said_stays_as_it_was():
    for said in (CreditlineError("held"), UsageError("say one")):
        with pytest.raises(type(said), match=str(said)), told_plainly():
            raise said


def test_advice_on_words_of_the_engine():
    assert advice_on("IO Error: ... No space left on device") == "; free some space there"
    assert advice_on("Catalog Error: no such table") == ""


def call(body: str, *arguments: str, **options) -> subprocess.CompletedProcess:
    """The command line in a process of its own, with `body` run first."""
    program = f"import errno, os, pathlib, sys\n{body}\nfrom creditline.cli import main\nmain()"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, **options)


NO_DISK = """
def fail(*_, **__):
    raise OSError(errno.EIO, os.strerror(errno.EIO), "/disk/creditline.yml")
pathlib.Path.read_bytes = fail
"""


@pytest.mark.parametrize("is_debug", [False, True])
def test_the_command_line_says_one_line_and_shows_more_when_asked(tmp_path, is_debug):
    (tmp_path / "creditline.yml").write_text("name: small\nis_demo: true\n")
    options = ("--debug",) if is_debug else ()
    shown = call(NO_DISK, *options, "--home", str(tmp_path), "night", "--all")
    assert shown.returncode == 1
    assert ("Traceback" in shown.stderr) is is_debug
    assert shown.stderr.splitlines()[-1].startswith(
        "creditline: /disk/creditline.yml: Input/output error; have the disk"
    )
    assert is_debug or len(shown.stderr.splitlines()) == 1


def test_output_that_finds_no_room_is_one_line():
    with open("/dev/full", "w") as full:
        shown = subprocess.run(
            [sys.executable, "-c", "from creditline.cli import main; main()", "policy", "check"],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert (shown.returncode, len(shown.stderr.splitlines())) == (1, 1)
    assert "printed: No space left on device" in shown.stderr


def test_a_reader_that_has_seen_enough_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    shown = subprocess.run(
        [sys.executable, "-c", "from creditline.cli import main; main()", "policy", "check"],
        stdout=writing, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writing)
    assert (shown.returncode, shown.stderr) == (1, "")


def test_an_interruption_is_one_line(tmp_path):
    # whoever runs the tests in the background may have had the signal ignored
    listening = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
    waiting = "import creditline.policy, time\ncreditline.policy.check_all = lambda _: (print('ready', flush=True), time.sleep(60))"
    program = f"{listening}\n{waiting}\nfrom creditline.cli import main\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "policy", "check"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.splitlines() == ["creditline: interrupted; nothing is lost, run the same command again"]
