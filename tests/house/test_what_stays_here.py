"""What lies in the folder of a checkout and may get neither into the repository nor into an image."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What each of them would give away or bloat: secrets first, then homes, environments and caches.
SECRETS = (".env", ".env.production", "scripts/.env")
HOMES = ("var/creditline.yml", "var/keys/signing.pem")
CACHES = (
    *(".venv", ".venv-peers/x", ".venv-peers.partial/x", ".venv-spark/x", ".hypothesis/x", ".ruff_cache/x"),
    *(
        "scripts/creditline/__pycache__/x.pyc",
        "tests/.hypothesis/x",
        "scripts/creditline.egg-info/x",
        ".pytest_cache/x",
    ),
    *("dbt_project/target/manifest.json", "dbt_project/logs/dbt.log"),
)
KEYS = ("keys/signing.pem", "scripts/keys/pseudonym.secret", "dbt_project/own.pem")
NEVER_IN_AN_IMAGE = (*SECRETS, *HOMES, *CACHES, *KEYS, ".git/config")


def is_ignored_by_docker(name: str) -> bool:
    """Whether the last pattern of .dockerignore that fits a file or a folder above it keeps it out, as Docker reads it."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#") and _fits(pattern.lstrip("!"), name):
            ignored = not pattern.startswith("!")
    return ignored


def _fits(pattern: str, name: str) -> bool:
    wanted = re.escape(pattern.strip("/")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(f"{wanted}(/.*)?", name) is not None


def copied() -> list[str]:
    """What the Dockerfile takes from the folder that it is built in."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return [name for line in lines if re.match(r"(COPY|ADD)\s", line) for name in line.split()[1:-1]]


@pytest.mark.parametrize("name", (*SECRETS, *HOMES, *CACHES))
def test_the_repository_takes_no_secret_and_no_cache(name):
    assert subprocess.run(["git", "check-ignore", "--no-index", "-q", name], cwd=ROOT).returncode == 0


def test_the_example_of_the_settings_is_in_the_repository():
    assert subprocess.run(["git", "check-ignore", "--no-index", "-q", ".env.example"], cwd=ROOT).returncode == 1


@pytest.mark.parametrize("name", NEVER_IN_AN_IMAGE)
def test_the_image_takes_no_secret_and_no_cache(name):
    assert is_ignored_by_docker(name)


def test_the_image_is_made_of_named_things_that_are_all_there():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    names = {name.partition("/")[0] for name in tracked}
    assert set(copied()) <= names
    assert {"scripts", "dags", "dbt_project", "expectations", "requirements.lock"} <= set(copied())
    assert not [name for name in copied() if name.startswith(".") or "*" in name]


def test_nothing_that_the_image_needs_is_kept_out():
    needed = subprocess.run(["git", "ls-files", *copied()], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in needed.stdout.split("\n") if name and is_ignored_by_docker(name)] == []
