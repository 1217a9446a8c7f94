"""The doors for people: the README's commands, and the main job from nothing to a released file, twice."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from creditline.explain import explain_account
from creditline.home import open_home

ROOT = Path(__file__).resolve().parents[2]


def readme_commands() -> list[str]:
    """The lines of the README's blocks that are marked as runnable."""
    blocks = re.findall(r"<!-- runnable -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def readme_account() -> str:
    """The account whose limit the README has explained."""
    (account,) = {found for line in readme_commands() for found in re.findall(r"explain (\S+)", line)}
    return account


def test_the_readme_has_commands_to_run():
    assert len(readme_commands()) >= 4


@pytest.mark.parametrize("command", readme_commands())
def test_a_command_of_the_readme_runs(sample_book, command):
    environment = {**os.environ, "CREDITLINE_HOME": str(sample_book.home.root)}
    # this book is smaller than that of `scripts/nightly`
    command = command.replace(readme_account(), "A00000001")
    shown = subprocess.run(shlex.split(command), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip()


@pytest.mark.slow
def test_nightly_publishes_and_releases_a_night_and_again_the_next(tmp_path):
    def nightly() -> tuple[str, float]:
        started = time.monotonic()
        command = ["scripts/nightly", "--home", str(tmp_path / "home")]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
        assert shown.returncode == 0, shown.stdout + shown.stderr
        return shown.stdout, time.monotonic() - started

    output, seconds = nightly()
    home = open_home(tmp_path / "home")
    print(f"first run {seconds:.0f} s")
    assert len(home.published_dates()) == 4
    assert len(list((home.outbox / "limit_adjustments").glob("*.ctl"))) == 4
    assert str(sorted((home.outbox / "limit_adjustments").glob("*.csv"))[-1]) in output
    story = explain_account(home, readme_account(), None)
    assert story["change"] == "DOWN" and story["reasons"], "the README explains an account with something to explain"
    assert story["recourse"]["restores_on_date"] and story["recourse"]["actions"]

    _, seconds = nightly()
    print(f"second run {seconds:.0f} s")
    assert len(home.published_dates()) == 5
    assert len(list((home.outbox / "limit_adjustments").glob("*.ctl"))) == 5
    assert seconds < 60
