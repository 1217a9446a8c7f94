"""The SQL that dbt made of each model, kept beside its parsed project: the same project compiles to the same SQL.

Nothing in a model asks for the time, the data or a variable, so all that the SQL comes from are the project's files and dbt's own
macros (docs/decisions/0010).
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from creditline.home.files import canonical_json, sha256_of, write_file

if TYPE_CHECKING:
    from creditline.warehouse.dbt import BuiltNode

_FILE = "compiled.json"
# Policies are input of a night, and what dbt leaves behind is none.
_NOT_COMPILED = ("policies", "target", "logs")
_DISTRIBUTIONS = ("dbt-core", "dbt-adapters", "dbt-duckdb")


class CompiledModels:
    """What was kept of a project as it stands: `sql` by the id of the model, empty if any of its files has changed."""

    def __init__(self, target_path: Path, project: Path) -> None:
        self._file = target_path / _FILE
        self._project_sha256 = _sha256_of_project(project)
        kept = json.loads(self._file.read_text()) if self._file.is_file() else {}
        self.sql: dict[str, str] = kept["sql"] if kept.get("project_sha256") == self._project_sha256 else {}

    def keep(self, nodes: list[BuiltNode]) -> None:
        """Keep what a build compiled, unless that is what was read."""
        sql = {node.unique_id: node.compiled_sql for node in nodes if node.resource_type == "model"}
        if sql != self.sql:
            write_file(self._file, canonical_json({"project_sha256": self._project_sha256, "sql": sql}))


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
