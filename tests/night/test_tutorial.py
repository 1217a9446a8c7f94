"""The tutorial is true: its commands run in the order of the page, and print what the page says that they print."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial" / "first-hour.md"
# What the test has done already.
LEFT_OUT = ("scripts/bootstrap", "export CREDITLINE_HOME=")


def blocks() -> list[tuple[str, str]]:
    """The commands of each block of the page, with what the block behind it says that they print."""
    found = re.findall(r"```(sh|text)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    following = [*found[1:], ("", "")]
    return [
        (text, after[1] if after[0] == "text" else "")
        for (kind, text), after in zip(found, following, strict=True)
        if kind == "sh"
    ]


@pytest.mark.slow
def test_every_command_of_the_tutorial_runs_and_prints_what_the_page_says(tmp_path):
    environment = {**os.environ, "CREDITLINE_HOME": str(tmp_path / "home"), "COLUMNS": "160"}
    assert len(blocks()) >= 6
    for commands, said in blocks():
        printed = ""
        for command in commands.splitlines():
            if not command.startswith(LEFT_OUT):
                shown = subprocess.run(
                    ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
                )
                assert shown.returncode == 0, f"{command}\n{shown.stdout}{shown.stderr}"
                printed += shown.stdout
        assert [line for line in said.splitlines() if line not in printed] == []
