"""House rules for the package and the tree."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest
from evaluate import EVALUATIONS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "scripts" / "creditline"
MODULES = sorted(PACKAGE.rglob("*.py"))
# Facts about the run, never about the night: who may look at a clock.
MAY_READ_CLOCK = {
    name: {"datetime.now"}
    for name in (
        *("release/modes.py", "release/holds.py", "release/inherited.py", "home/skips.py", "home/restatements.py"),
        *("gate/acceptance.py", "home/logic_approvals.py", "home/undone.py"),
        *("release/clock.py", "subject/erase.py"),
    )
}
CLOCKS = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today"}
DOORS = (
    "scripts/bootstrap",
    "scripts/nightly",
    "scripts/test",
    "scripts/spark",
    "scripts/evaluate",
    ".ci/run",
)


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def calls_of(tree: ast.AST) -> set[str]:
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def imports_of(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_reads_no_clock_and_no_airflow(module):
    tree = ast.parse(module.read_text())
    allowed = MAY_READ_CLOCK.get(str(module.relative_to(PACKAGE)), set())
    assert (calls_of(tree) & CLOCKS) - allowed == set()
    assert not {name for name in imports_of(tree) if name.split(".")[0] == "airflow"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_things_have_docstrings(module):
    tree = ast.parse(module.read_text())
    public = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert public == []


def test_only_home_files_replaces_files():
    """Files that must survive a crash are written in one place."""
    for module in MODULES:
        if module.relative_to(PACKAGE).parts[0] != "home":
            assert not calls_of(ast.parse(module.read_text())) & {"os.replace", "os.rename", "os.fsync"}, module


def test_only_home_files_makes_folders():
    """A folder that is made is synced into the one above it, or a power loss takes what lies in it."""
    for module in MODULES:
        if module != PACKAGE / "home" / "files.py":
            made = {name for name in calls_of(ast.parse(module.read_text())) if name.endswith(("mkdir", "makedirs"))}
            assert not made, module


def test_no_sql_is_made_of_a_raw_path():
    """A path with a quote ends the literal, one with [1] is a pattern: `path_to_read`, `path_to_write`, `as_pattern`."""
    raw = re.compile(
        r"""(?:\bread_\w+\(\[?|attach |from |to |director(?:y|ies) = \[?|_home = )'\{"""
        r"""|f"'\{[^}"]*(?:path|file\b|root|folder|directory| / )[^}"]*\}"""
    )
    found = [
        f"{module.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for module in MODULES
        for number, line in enumerate(module.read_text().splitlines(), 1)
        if raw.search(line)
    ]
    assert found == []


def test_the_doors_are_there_and_run():
    for door in DOORS:
        assert os.access(ROOT / door, os.X_OK), door


def test_trials_are_there_and_have_one_door():
    """A file that runs by itself beside the tests is a trial of scripts/evaluate, or a part of a bench."""
    programs = {
        path.relative_to(ROOT / "tests").as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        if 'if __name__ == "__main__":' in path.read_text()
    }
    trials = {file for file, _ in EVALUATIONS.values()}
    assert {name for name in programs if not name.startswith(("bench/", "house/"))} == {"evaluate.py", *trials}


@pytest.mark.parametrize(
    ("name", "fewest"), [("requirements.lock", 100), ("requirements-peers.lock", 5), ("requirements-spark.lock", 3)]
)
def test_a_lock_is_pinned_hashed_and_names_no_index(name, fewest):
    lock = (ROOT / name).read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+)==\S+", lock, re.MULTILINE)
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    assert len(pins) > fewest
    assert all("--hash=sha256:" in block for block in blocks if block.strip())
    assert "://" not in lock
    assert "--index" not in lock


def test_nothing_is_left_unfinished_and_no_place_of_a_machine_is_named():
    unfinished = re.compile(r"(^|[^A-Za-z])(TO" + "DO|FIX" + "ME|XX" + "X)([^A-Za-z]|$)")
    place = re.compile(r"(^|[\s'\"(=])/(work|farm|root)/")
    for path in tracked():
        if path.suffix in (".py", ".sql", ".yml", ".sh", ".md", ".toml", "") and path.name != "requirements.lock":
            text = path.read_text(errors="replace")
            assert not unfinished.search(text) or path.suffix == ".md", path
            assert not place.search(text), path


def test_no_conflict_of_a_merge_is_left():
    left = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
    assert [str(path.relative_to(ROOT)) for path in tracked() if left.search(path.read_bytes())] == []


def test_the_readme_names_the_doors():
    readme = (ROOT / "README.md").read_text()
    assert "scripts/nightly" in readme
    assert "scripts/test" in readme
    for link in re.findall(r"\]\(([\w/.-]+)\)", readme):
        assert (ROOT / link).exists(), f"README links to {link}"
