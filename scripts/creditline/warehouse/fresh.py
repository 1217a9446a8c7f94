"""How dbt makes a model in the scratch warehouse: one statement in a new file (docs/decisions/0010)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from dbt.artifacts.schemas.results import RunStatus
from dbt.contracts.results import RunResult
from dbt.node_types import NodeType
from dbt.task.build import BuildTask
from dbt.task.run import ModelRunner
from dbt_common.exceptions import DbtRuntimeError

from creditline.warehouse.imports import read_in_place

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest
    from dbt.contracts.graph.nodes import ModelNode


def make_models_fresh(compiled: Mapping[str, str]) -> None:
    """Have the DuckDB builds of this process make their models with `FreshModelRunner`.

    Args:
        compiled: SQL by the id of a model, in place of what dbt would compile.
    """
    BuildTask.RUNNER_MAP[NodeType.Model] = FreshModelRunner
    FreshModelRunner.compiled = compiled


class FreshModelRunner(ModelRunner):
    """Creates a view or a table of what dbt compiled; on another engine than DuckDB, what dbt does."""

    compiled: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def compile(self, manifest: Manifest) -> ModelNode:
        kept = self.compiled.get(self.node.unique_id)
        if kept is None:
            return super().compile(manifest)
        self.node.compiled, self.node.compiled_code = True, kept
        return self.node

    def print_start_line(self) -> None:
        """No log takes it (`creditline.warehouse.silence`)."""

    def print_result_line(self, result: RunResult) -> None:
        """As `print_start_line`."""

    def execute(self, compiled_node: ModelNode, manifest: Manifest) -> RunResult:
        if self.adapter.type() != "duckdb":
            return super().execute(compiled_node, manifest)
        kind = compiled_node.config.materialized
        if kind not in ("view", "table"):
            raise DbtRuntimeError(f"is materialised as {kind}; use view or table")
        sql = read_in_place(compiled_node.compiled_code, _views(compiled_node, manifest))
        self._run(f"create {kind} {compiled_node.relation_name} as (\n{sql}\n)")
        if compiled_node.config.contract.enforced:
            self._check_contract(compiled_node)
        return RunResult.from_node(compiled_node, RunStatus.Success, "OK")

    def _check_contract(self, model: ModelNode) -> None:
        described = self._run(f"describe {model.relation_name}").fetchall()
        found = [f"{name} {data_type.lower()}" for name, data_type, *_ in described]
        declared = [f"{column.name} {column.data_type}" for column in model.columns.values()]
        if found != declared:
            raise DbtRuntimeError(f"its columns are {', '.join(found)}, and its contract says {', '.join(declared)}")

    def _run(self, sql: str) -> object:
        # No transaction around it: a build that stops leaves a file that nobody reads.
        connections = self.adapter.connections
        with connections.exception_handler(sql):
            return connections.get_thread_connection().handle.cursor().execute(sql)


def _views(model: ModelNode, manifest: Manifest) -> set[str]:
    """Names of the views that a model reads."""
    parents = (manifest.nodes.get(parent) for parent in model.depends_on.nodes)
    return {parent.name for parent in parents if parent is not None and parent.config.materialized == "view"}
