"""What dbt keeps in scratch of a project between two nights: as it parsed it, and the SQL that it made of each model.

Nothing in a model asks for the time, the data or a variable, so all that the SQL comes from are the project's files and dbt's own
macros (docs/decisions/0010). Both files decide, so they count with the home's seal alone; without it dbt makes them anew.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import canonical_json, sha256_of, write_file
from creditline.home.proof import read_signed, write_signed

_FILE = "compiled.json"
_SEAL = "seal.json"
# dbt's own name for a parsed project.
KEPT = ("partial_parse.msgpack", _FILE)
# Policies are input of a night, and what dbt leaves behind is none.
_NOT_COMPILED = ("policies", "target", "logs")
_DISTRIBUTIONS = ("dbt-core", "dbt-adapters", "dbt-duckdb")


class CompiledModels:
    """What was kept of a project as it stands: `sql` by the id of the model, empty if any of its files has changed."""

    def __init__(self, home: Home, target_path: Path, project: Path) -> None:
        self._home, self._target_path = home, target_path
        self._project_sha256 = _sha256_of_project(project)
        clear_unsealed(home, target_path)
        file = target_path / _FILE
        kept = json.loads(file.read_text()) if file.is_file() else {}
        self.sql: dict[str, str] = kept["sql"] if kept.get("project_sha256") == self._project_sha256 else {}

    def keep(self, sql: dict[str, str]) -> None:
        """Keep what a build compiled, by the id of the model, unless that is what was read, and seal it with what dbt parsed."""
        if sql != self.sql:
            content = {"project_sha256": self._project_sha256, "sql": sql}
            write_file(self._target_path / _FILE, canonical_json(content))
        seal(self._home, self._target_path)


def seal(home: Home, target_path: Path) -> None:
    """Let what lies there count from now on."""
    write_signed(home, target_path / _SEAL, _digests(target_path))


def clear_unsealed(home: Home, target_path: Path) -> None:
    """Take away what dbt kept if it is not what this home sealed."""
    try:
        is_sealed = read_signed(home, target_path / _SEAL) == _digests(target_path)
    except CreditlineError:
        is_sealed = False
    if not is_sealed:
        for name in KEPT:
            (target_path / name).unlink(missing_ok=True)


def _digests(target_path: Path) -> dict[str, str]:
    return {name: sha256_of(target_path / name) for name in KEPT if (target_path / name).is_file()}


def _sha256_of_project(project: Path) -> str:
    files = sorted(
        path
        for path in project.rglob("*")
        if path.is_file() and path.relative_to(project).parts[0] not in _NOT_COMPILED
    )
    stated = {
        "files": {str(path.relative_to(project)): sha256_of(path) for path in files},
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
    }
    return hashlib.sha256(canonical_json(stated)).hexdigest()
