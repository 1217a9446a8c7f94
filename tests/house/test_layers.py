"""The layers of the package hold, and no two of its modules import each other in a circle (pyproject.toml)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_run_one_way():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_shows_the_rooms_in_their_layers():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "layers")
    held = {(str(number), room) for number, layer in enumerate(layers[::-1], 1) for room in layer.split(" | ")}
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    assert set(re.findall(r"^\| (\d+) \| `(\w+)` \|", page, re.MULTILINE)) == held
