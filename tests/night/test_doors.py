"""The doors for people: the README's commands, and the main job from nothing to a released file, twice."""

from __future__ import annotations

import html
import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from creditline.explain import explain_account, explanation_text
from creditline.home import open_home

ROOT = Path(__file__).resolve().parents[2]


def readme_commands() -> list[str]:
    """The lines of the README's blocks that are marked as runnable."""
    blocks = re.findall(r"<!-- runnable -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def readme_stories() -> list[tuple[str, str]]:
    """The stories that the README names, each with the account that it has explained."""
    return re.findall(
        r"^\| (.+?) \| `\.venv/bin/creditline explain (\S+)` \|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )


# How each story of the README begins, and what its account is told on the first night that `scripts/nightly` publishes.
TOLD = {
    "wakes up at ten yuan": "A payment of yours is 32 days past due.",
    "frozen tonight": "We noticed an unusual sign-in",
    "restored tonight": "again; your limit is unchanged.",
    "raised": "A member of our staff reviewed your account",
    "appeals": "We are looking into your appeal",
    "capped by law": "By law your limits with us together",
}


def test_the_readme_has_commands_to_run():
    assert len(readme_commands()) >= 3
    assert [story for story, _ in readme_stories() if not story.startswith(tuple(TOLD))] == []
    assert len(readme_stories()) == len(TOLD)


@pytest.mark.parametrize("command", readme_commands())
def test_a_command_of_the_readme_runs(sample_book, command):
    environment = {**os.environ, "CREDITLINE_HOME": str(sample_book.home.root)}
    shown = subprocess.run(shlex.split(command), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip()


def assert_drawn(explanation: str) -> None:
    """The README's picture shows what the command prints; `scripts/docs pictures` draws it anew."""
    drawn = html.unescape((ROOT / "docs" / "pictures" / "explanation.svg").read_text())
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", drawn))
    assert " ".join(explanation.split()) in " ".join(shown.split())


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
    told = {account: explanation_text(explain_account(home, account, None)) for _, account in readme_stories()}
    for (story, account), (beginning, said) in zip(readme_stories(), TOLD.items(), strict=True):
        assert story.startswith(beginning) and said in told[account], story
    assert_drawn(told[readme_stories()[0][1]])

    _, seconds = nightly()
    print(f"second run {seconds:.0f} s")
    assert len(home.published_dates()) == 5
    assert len(list((home.outbox / "limit_adjustments").glob("*.ctl"))) == 5
    assert seconds < 60
