"""What `pip wheel .` makes: all that a night needs, in the places where the package looks for it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("dbt_project", "expectations", "dags")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
# They have no wheels: `scripts/spark up` installs them beside the package.
BESIDE = {"pyhive", "thrift"}


def tracked(*folders: str) -> list[str]:
    names = ["git", "ls-files", "-z", *folders]
    listed = subprocess.run(names, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """Built of a copy, because a build leaves folders in the tree that it is made of."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked():
        if name.startswith((*SHIPPED, "scripts/creditline/")) or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    for left in ("dbt_project/target/manifest.json", "dbt_project/logs/dbt.log", "dags/__pycache__/x.pyc"):
        (source / left).parent.mkdir(parents=True)
        (source / left).write_text("left by a run")
    command = [*(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index")]
    subprocess.run([*command, "-w", str(source / "dist"), str(source)], check=True, capture_output=True)
    (built,) = (source / "dist").glob("*.whl")
    return zipfile.ZipFile(built)


@pytest.fixture(scope="module")
def metadata(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_string(wheel.read(name).decode())


def test_a_wheel_holds_the_package_and_what_a_night_runs_and_nothing_else(wheel):
    expected = {name.removeprefix("scripts/") for name in tracked("scripts/creditline")}
    expected |= {f"creditline/shipped/{name}" for name in tracked(*SHIPPED)}
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == expected


def test_the_package_finds_its_project_in_a_wheel_as_in_a_checkout(wheel, tmp_path):
    wheel.extractall(tmp_path)
    program = (
        "from creditline import project as p; print(p.PROJECT_DIR, p.POLICIES_DIR, p.SUITES_DIR, p.DAGS_DIR, sep='\\n')"
    )
    for place, root in ((tmp_path, tmp_path / "creditline" / "shipped"), (ROOT / "scripts", ROOT)):
        command = [sys.executable, "-c", program]
        shown = subprocess.run(command, env={"PYTHONPATH": str(place)}, capture_output=True, text=True, check=True)
        dbt, suites, dags = (str(root / folder) for folder in SHIPPED)
        assert shown.stdout.split() == [dbt, f"{dbt}/policies", suites, dags]
        assert all(Path(folder).is_dir() for folder in shown.stdout.split())


def test_a_wheel_names_its_dependencies_its_licence_and_its_command(wheel, metadata):
    named = metadata.get_all("Requires-Dist")
    needed = [line.partition("#")[0].strip() for line in (ROOT / "requirements.in").read_text().splitlines()]
    assert [name for name in named if "extra ==" not in name] == [name for name in needed if name]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
    (entries,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "creditline = creditline.cli:main" in wheel.read(entries).decode()


def test_what_the_package_and_the_dags_import_is_a_named_dependency():
    said = re.findall(r"^([A-Za-z0-9._-]+)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    named = {re.sub(r"[-_.]+", "-", name).lower() for name in said}
    # their parts: an Airflow, a dbt
    named |= {"apache-airflow-core", "apache-airflow-task-sdk", "dbt-common", "dbt-adapters"}
    distributions = packages_distributions()
    for name in tracked("scripts/creditline", "dags"):
        if not name.endswith(".py"):
            continue
        for module in imported(ast.parse((ROOT / name).read_text())) - BESIDE:
            brought = {re.sub(r"[-_.]+", "-", found).lower() for found in distributions.get(module, ())}
            assert brought & named, f"{name} imports {module}, which requirements.in does not name"


def imported(tree: ast.AST) -> set[str]:
    """The libraries that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"creditline"}


def test_every_place_tells_one_version(metadata):
    assert metadata["Version"] == VERSION
    assert yaml.safe_load((ROOT / "dbt_project" / "dbt_project.yml").read_text())["version"] == VERSION
    assert f"image: creditline:{VERSION}" in (ROOT / "docker-compose.yml").read_text()
    assert f"## [{VERSION}]" in (ROOT / "CHANGELOG.md").read_text()


def test_every_owner_owns_something_and_policies_and_decisions_are_owned():
    lines = (ROOT / "CODEOWNERS").read_text().splitlines()
    owned = {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith("#")}
    assert all(owners for owners in owned.values())
    assert [place for place in owned if place != "*" and not (ROOT / place.strip("/")).exists()] == []
    assert {"/dbt_project/policies/", "/dbt_project/models/decision/"} <= set(owned)


def test_the_hooks_run_what_is_installed_and_the_hosted_ci_runs_ours():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [group["repo"] for group in hooks] == ["local"]
    assert all(hook["language"] == "system" for group in hooks for hook in group["hooks"])
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert {"run": ".ci/run"} in workflow["jobs"]["prove"]["steps"]
