"""The project as dbt compiled it. dbt runs only where the project has changed (docs/decisions/0013).

No model depends on the time, the data or a variable, so its SQL depends only on the project's files, dbt and this room.
Under the sha256 of these, a home records which archived code they gave, and the claims to check every night. A record
counts only with the home's signature.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from creditline import project
from creditline.home import Home
from creditline.home.files import canonical_json, is_in_place, make_directory, sha256_of
from creditline.home.proof import NotGenuine, read_signed, write_signed
from creditline.warehouse import dbt
from creditline.warehouse.dbt import BuiltNode
from creditline.warehouse.logic import Claim, Logic, archive_logic, archived_logic, logic_of

# Policies are inputs of a night, and files that dbt writes are not part of the project.
_NOT_COMPILED = ("policies", "target", "logs")
_DISTRIBUTIONS = ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb")


@dataclass(frozen=True)
class CompiledProject:
    """Decision code, and the claims to check on every night. `project_sha256` is the hash of the project of both."""

    project_sha256: str
    logic: Logic
    claims: tuple[Claim, ...]


def compiled_project(home: Home) -> CompiledProject:
    """The present project: from this home's record, or else compiled by dbt.

    Raises:
        BuildFailed: names the first model that does not compile.
        LogicRefused: the archive was changed.
    """
    project_sha256 = _sha256_of_project(project.PROJECT_DIR)
    try:
        kept = read_signed(home, _record_file(home))
    except NotGenuine:
        return compile_project()
    if kept["project_sha256"] != project_sha256 or not is_in_place(home.logic / kept["logic_hash"]):
        return compile_project()
    claims = tuple(Claim(**claim) for claim in kept["claims"])
    return CompiledProject(project_sha256, archived_logic(home, kept["logic_hash"]), claims)


def keep(home: Home, project: CompiledProject) -> str:
    """Archive the code that decided a night, and record which project it comes from.

    Returns: its `logic_hash`.
    """
    logic_hash = archive_logic(home, project.logic)
    record = {
        "project_sha256": project.project_sha256,
        "logic_hash": logic_hash,
        "claims": [asdict(claim) for claim in project.claims],
    }
    make_directory(_record_file(home).parent)
    write_signed(home, _record_file(home), record)
    # the archive is exactly what ran
    return archived_logic(home, logic_hash).logic_hash


def compile_project() -> CompiledProject:
    """The project as dbt compiles it without a home and without data. A process runs dbt once.

    Raises:
        BuildFailed: names the first model that does not compile.
    """
    return _compile(project.PROJECT_DIR, _sha256_of_project(project.PROJECT_DIR))


@lru_cache(maxsize=4)
def _compile(_project: Path, project_sha256: str) -> CompiledProject:
    with tempfile.TemporaryDirectory() as folder:
        nodes = dbt.run_compile(Path(folder))
    return CompiledProject(project_sha256, logic_of(nodes), _claims(nodes))


def _claims(nodes: list[BuiltNode]) -> tuple[Claim, ...]:
    """The claims that are SQL files. `dbt test` checks what YAML says about columns."""
    claims = (node for node in nodes if node.resource_type == "test" and node.path.endswith(".sql"))
    return tuple(Claim(node.name, node.compiled_sql) for node in sorted(claims, key=lambda node: node.name))


def _record_file(home: Home) -> Path:
    return home.warehouse / "dbt" / "compiled.json"


def _sha256_of_project(project: Path) -> str:
    files = sorted(
        path
        for path in project.rglob("*")
        if path.is_file() and path.relative_to(project).parts[0] not in _NOT_COMPILED
    )
    stated = {
        "files": {str(path.relative_to(project)): sha256_of(path) for path in files},
        "room": {path.name: sha256_of(path) for path in Path(__file__).parent.glob("*.py")},
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
    }
    return hashlib.sha256(canonical_json(stated)).hexdigest()
