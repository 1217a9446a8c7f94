"""Replays every night of a home on other releases of the engine: `scripts/evaluate replay-engines HOME`.

Each release stands in a throw-away environment that holds neither dbt nor Great Expectations. Without a version it is the
newest other patch release of the pinned one. Exit 1 if any night differs on any of them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# All that a replay needs beside the engine, in the versions of the lock.
LIBRARIES = ("pydantic", "pyyaml", "typer", "rich", "pyarrow")
REPLAY = "from creditline.cli import main; main()"


def replays_on(engine: str, home: Path, folder: Path, constraints: Path) -> bool:
    """Whether every night of a home replays without a difference on one release of the engine."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:"]
    subprocess.run([*pip, "--constraint", constraints, engine, *LIBRARIES], check=True)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "scripts")}
    return not subprocess.run([python, "-c", REPLAY, "--home", home, "replay", "--all"], env=environment).returncode


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate replay-engines", description=__doc__.splitlines()[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("version", nargs="*")
    asked = parser.parse_args()
    lock = (REPOSITORY / "requirements.lock").read_text()
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ]+)", lock, re.MULTILINE))
    pinned = pins.pop("duckdb")
    engines = [f"duckdb=={version}" for version in asked.version]
    engines = engines or [f"duckdb~={pinned.rpartition('.')[0]}.0,!={pinned}"]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()))
        places = (Path(folder) / str(number) for number in range(len(engines)))
        equal = [
            replays_on(engine, asked.home.resolve(), place, constraints)
            for engine, place in zip(engines, places, strict=True)
        ]
    return 0 if all(equal) else 1


if __name__ == "__main__":
    sys.exit(main())
