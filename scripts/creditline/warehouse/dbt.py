"""dbt in this process: it compiles the project, or builds it on Spark."""

from __future__ import annotations

import csv
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditline import project
from creditline.accidents import advice_on
from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import Json
from creditline.warehouse.parsed import clear_unsealed, seal


class BuildFailed(CreditlineError):
    """A model cannot be built, or a claim about the data is false."""


@dataclass(frozen=True)
class BuiltNode:
    """One model, seed, test or exposure of a build, in order of execution.

    `columns` are a seed's columns, or those of a model's contract; `depends_on` names what must exist before.
    """

    unique_id: str
    name: str
    resource_type: str
    materialisation: str
    path: str
    columns: dict[str, str]
    status: str
    message: str
    compiled_sql: str
    seconds: float
    meta: Json
    depends_on: tuple[str, ...]


def run_compile(target_path: Path) -> list[BuiltNode]:
    """Run `dbt compile`, which reads no data. It leaves out the tests that YAML states about columns.

    Args:
        target_path: a folder for the files that dbt writes; it may be deleted afterwards.

    Raises:
        BuildFailed: names the first node that does not compile.
    """
    # Compiled SQL contains the name of the catalog, which is the stem of the file.
    os.environ["CREDITLINE_WAREHOUSE_FILE"] = str(target_path / "warehouse.duckdb")
    return _run(["compile", "--no-introspect"], target_path)


def run_spark_build(home: Home, host: str, port: int, database: str, tables: Path, threads: int) -> list[BuiltNode]:
    """Run `dbt build` on Spark. Every table is written as Parquet to a folder in `tables`.

    Raises:
        BuildFailed: a node failed; names the first one, its message, and where its compiled SQL lies.
    """
    os.environ |= {
        "CREDITLINE_SPARK_HOST_IN_USE": host,
        "CREDITLINE_SPARK_PORT_IN_USE": str(port),
        "CREDITLINE_SPARK_DATABASE": database,
        "CREDITLINE_SPARK_TABLES": f"file://{tables}",
        "CREDITLINE_SPARK_THREADS": str(threads),
    }
    target_path = home.warehouse / "dbt-spark"
    clear_unsealed(home, target_path)
    nodes = _run(["build", "--target", "spark"], target_path)
    seal(home, target_path)
    return nodes


def _run(command: list[str], target_path: Path) -> list[BuiltNode]:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.artifacts.schemas.run import RunExecutionResult
    from dbt.cli.main import dbtRunner

    _quiet()
    try:
        outcome = dbtRunner().invoke([*command, *_arguments(target_path)])
    finally:
        # otherwise dbt keeps the file open in this process
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if outcome.exception is not None:
        said = " ".join(str(outcome.exception).split())
        raise BuildFailed(f"dbt {command[0]} stopped: {said}{advice_on(said)}") from outcome.exception
    if not isinstance(outcome.result, RunExecutionResult):
        raise BuildFailed(f"dbt {command[0]} ran nothing; its log lies under {target_path / 'logs'}")
    nodes = [_node(result) for result in outcome.result.results]
    _refuse_ephemeral(nodes)
    failed = [node for node in nodes if node.status in ("error", "fail", "runtime error")]
    if failed:
        first = failed[0]
        others = f" ({len(failed) - 1} more)" if len(failed) > 1 else ""
        raise BuildFailed(
            f"{first.resource_type} {first.name}: {' '.join(first.message.split())}{others};"
            f" its SQL lies under {target_path / 'compiled'}{advice_on(first.message)}"
        )
    return nodes


def _arguments(target_path: Path) -> list[str]:
    return [
        "--project-dir", str(project.PROJECT_DIR),
        "--profiles-dir", str(project.PROJECT_DIR),
        "--target-path", str(target_path),
        "--log-path", str(target_path / "logs"),
        # dbt formats each of some 3,600 events for every log before it asks whether the log wants it
        "--log-level", "none",
        "--log-level-file", "none",
        "--no-write-json",
        "--no-print",
        # the database is empty, so there is nothing to look up
        "--no-populate-cache",
        # `dbt test` checks what YAML says about columns; nights do not
        "--exclude", "test_type:generic", "test_type:unit",
    ]  # fmt: skip


def _quiet() -> None:
    for name in ("dbt", "dbt_common"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _node(result: Any) -> BuiltNode:
    node = result.node
    return BuiltNode(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(node.resource_type),
        # an exposure is a node, too, but nothing in the database stands for it
        materialisation=getattr(node.config, "materialized", ""),
        path=str(project.PROJECT_DIR / node.original_file_path),
        columns=_columns(node),
        status=str(result.status),
        message=result.message or "",
        compiled_sql=getattr(node, "compiled_code", None) or "",
        seconds=result.execution_time,
        meta=dict(node.config.meta or {}),
        # a seed depends on macros only
        depends_on=tuple(getattr(node.depends_on, "nodes", ())),
    )


def _columns(node: Any) -> dict[str, str]:
    if str(node.resource_type) == "seed":
        with (project.PROJECT_DIR / node.original_file_path).open(newline="") as stream:
            header = next(csv.reader(stream))
        return {name: node.config.column_types[name] for name in header}
    is_cast = str(node.resource_type) == "model" and node.config.contract.enforced
    return {column.name: column.data_type for column in node.columns.values()} if is_cast else {}


def _refuse_ephemeral(nodes: list[BuiltNode]) -> None:
    """An ephemeral model is not in the results, so an archive could not keep the order of what it reads."""
    known = {node.unique_id for node in nodes}
    for node in nodes:
        for parent in node.depends_on:
            if parent.startswith("model.") and parent not in known:
                raise BuildFailed(f"{parent.rpartition('.')[2]}, which {node.name} reads, is ephemeral: make it a view")
