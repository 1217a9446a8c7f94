"""One dbt build in this process. dbt itself keeps the parsed project in the target folder for the next night."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from creditline.errors import CreditlineError
from creditline.home import Home

PROJECT_DIR = Path(__file__).resolve().parents[3] / "dbt_project"


class BuildFailed(CreditlineError):
    """A model does not build or a claim about the data does not hold."""


@dataclass(frozen=True)
class BuiltNode:
    """One model, seed or test of a build, in order of execution."""

    unique_id: str
    name: str
    resource_type: str
    status: str
    message: str
    compiled_sql: str
    seconds: float
    meta: dict[str, object]
    depends_on: tuple[str, ...]


def run_build(home: Home, *, target_path: Path, select: str | None = None) -> list[BuiltNode]:
    """Run `dbt build` against the home's scratch warehouse.

    Raises:
        BuildFailed: names the first node that failed, its message, and where its compiled SQL lies.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    _quiet()
    _environment(home)
    arguments = ["build", *_arguments(target_path), *(["--select", select] if select else [])]
    try:
        outcome = dbtRunner().invoke(arguments)
    finally:
        # dbt keeps the file open in this process; the next step opens it in another way.
        DuckDBConnectionManager.close_all_connections()
    if outcome.exception is not None:
        raise BuildFailed(f"dbt build stopped: {outcome.exception}; see {target_path / 'logs' / 'dbt.log'}")
    nodes = [_node(result) for result in outcome.result.results]
    failed = [node for node in nodes if node.status in ("error", "fail", "runtime error")]
    if failed:
        first = failed[0]
        others = f" ({len(failed) - 1} more)" if len(failed) > 1 else ""
        raise BuildFailed(
            f"{first.resource_type} {first.name}: {' '.join(first.message.split())}{others};"
            f" its SQL lies under {target_path / 'compiled'}"
        )
    return nodes


def _arguments(target_path: Path) -> list[str]:
    return [
        "--project-dir", str(PROJECT_DIR),
        "--profiles-dir", str(PROJECT_DIR),
        "--target-path", str(target_path),
        "--log-path", str(target_path / "logs"),
        "--quiet",
        "--no-print",
    ]  # fmt: skip


def _environment(home: Home) -> None:
    # dbt reads its profile from the environment and offers no other way to hand it a place.
    os.environ["CREDITLINE_WAREHOUSE_FILE"] = str(home.warehouse_file)
    os.environ["CREDITLINE_MEMORY_LIMIT"] = home.settings.memory_limit
    os.environ["CREDITLINE_THREADS"] = str(home.settings.threads)


def _quiet() -> None:
    for name in ("dbt", "dbt_common"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _node(result: object) -> BuiltNode:
    node = result.node
    return BuiltNode(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(node.resource_type),
        status=str(result.status),
        message=result.message or "",
        compiled_sql=getattr(node, "compiled_code", None) or "",
        seconds=result.execution_time,
        meta=dict(node.config.meta or {}),
        # a seed depends on macros only
        depends_on=tuple(getattr(node.depends_on, "nodes", ())),
    )
