"""dbt in this process: a build, or a compilation alone. dbt keeps the parsed project in the target folder itself."""

from __future__ import annotations

import csv
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from creditline.accidents import advice_on
from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.database import engine_bounds
from creditline.home.files import make_directory
from creditline.project import PROJECT_DIR
from creditline.warehouse.compiled import CompiledModels, clear_unsealed, seal


class BuildFailed(CreditlineError):
    """A model does not build or a claim about the data does not hold."""


class OutOfMemory(BuildFailed):
    """A model did not fit into the memory that the engine may use, or what it left on disk did not fit there."""


@dataclass(frozen=True)
class BuiltNode:
    """One model, seed, test or exposure of a build, in order of execution.

    `columns` are a seed's columns and those that a model's contract casts to; `depends_on` names what must exist before.
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
    meta: dict[str, object]
    depends_on: tuple[str, ...]


def run_build(home: Home, *, models_at_once: int | None = None) -> list[BuiltNode]:
    """Run `dbt build` against the home's scratch warehouse.

    Args:
        models_at_once: as many as the engine has threads unless said; they share its memory.

    Raises:
        BuildFailed: names the first node that failed, its message, and where its compiled SQL lies.
        OutOfMemory: it failed because its memory is bounded.
    """
    _environment(home.warehouse_file, engine_bounds(home) | {"spill_limit": home.settings.spill_limit})
    threads = str(models_at_once or home.settings.threads)
    return _run(["build", "--threads", threads], home.warehouse / "dbt", home, keeps_compiled=True)


def run_spark_build(home: Home, host: str, port: int, database: str, tables: Path, threads: int) -> list[BuiltNode]:
    """Run `dbt build` on Spark; every table lands as Parquet in a folder of `tables`.

    Raises:
        BuildFailed: as `run_build`.
    """
    os.environ |= {
        "CREDITLINE_SPARK_HOST_IN_USE": host,
        "CREDITLINE_SPARK_PORT_IN_USE": str(port),
        "CREDITLINE_SPARK_DATABASE": database,
        "CREDITLINE_SPARK_TABLES": f"file://{tables}",
        "CREDITLINE_SPARK_THREADS": str(threads),
    }
    # The databases are new and empty: there is nothing to look up.
    return _run(["build", "--target", "spark", "--no-populate-cache"], home.warehouse / "dbt-spark", home)


def compile_project(target_path: Path, home: Home | None = None) -> list[BuiltNode]:
    """Run `dbt compile` against an empty scratch database in `target_path`.

    Args:
        home: the home whose scratch that folder is; without one the folder is the caller's own.

    Raises:
        BuildFailed: names the first node that does not compile.
    """
    make_directory(target_path)
    # Compiled SQL carries the name of the catalog, which is the stem of the file.
    _environment(target_path / "warehouse.duckdb", {})
    return _run(["compile"], target_path, home)


def _run(command: list[str], target_path: Path, home: Home | None, *, keeps_compiled: bool = False) -> list[BuiltNode]:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    # Needs dbt, whose import takes seconds.
    from creditline.warehouse.fresh import make_models_fresh
    from creditline.warehouse.silence import drop_unlogged_events

    _quiet()
    drop_unlogged_events()
    kept = CompiledModels(home, target_path, PROJECT_DIR) if home and keeps_compiled else None
    if home and not kept:
        clear_unsealed(home, target_path)
    make_models_fresh(kept.sql if kept else {})
    try:
        outcome = dbtRunner().invoke([*command, *_arguments(target_path)])
    finally:
        # dbt keeps the file open in this process; the next step opens it in another way.
        DuckDBConnectionManager.close_all_connections()
    if outcome.exception is not None:
        said = " ".join(str(outcome.exception).split())
        raise BuildFailed(f"dbt {command[0]} stopped: {said}{advice_on(said)}") from outcome.exception
    nodes = [_node(result) for result in outcome.result.results]
    _refuse_ephemeral(nodes)
    failed = [node for node in nodes if node.status in ("error", "fail", "runtime error")]
    if failed:
        short = [node for node in failed if "Out of Memory Error" in node.message]
        first = (short or failed)[0]
        others = f" ({len(failed) - 1} more)" if len(failed) > 1 else ""
        raise (OutOfMemory if short else BuildFailed)(
            f"{first.resource_type} {first.name}: {' '.join(first.message.split())}{others};"
            f" its SQL lies under {target_path / 'compiled'}{advice_on(first.message)}"
        )
    if kept:
        kept.keep({node.unique_id: node.compiled_sql for node in nodes if node.resource_type == "model"})
    elif home:
        seal(home, target_path)
    return nodes


def _arguments(target_path: Path) -> list[str]:
    return [
        "--project-dir", str(PROJECT_DIR),
        "--profiles-dir", str(PROJECT_DIR),
        "--target-path", str(target_path),
        "--log-path", str(target_path / "logs"),
        # dbt writes out each of some 3,600 events for every log before it asks whether the log wants it
        "--log-level", "none",
        "--log-level-file", "none",
        "--no-write-json",
        "--no-print",
    ]  # fmt: skip


def _environment(warehouse_file: Path, bounds: dict[str, str]) -> None:
    # dbt reads its profile from the environment and offers no other way to hand it a place.
    os.environ["CREDITLINE_WAREHOUSE_FILE"] = str(warehouse_file)
    os.environ |= {f"CREDITLINE_{name.upper()}": value for name, value in bounds.items()}


def _quiet() -> None:
    for name in ("dbt", "dbt_common"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _node(result: object) -> BuiltNode:
    node = result.node
    return BuiltNode(
        unique_id=node.unique_id,
        name=node.name,
        resource_type=str(node.resource_type),
        # an exposure is a node too, and is nothing in the database
        materialisation=getattr(node.config, "materialized", ""),
        path=str(PROJECT_DIR / node.original_file_path),
        columns=_columns(node),
        status=str(result.status),
        message=result.message or "",
        compiled_sql=getattr(node, "compiled_code", None) or "",
        seconds=result.execution_time,
        meta=dict(node.config.meta or {}),
        # a seed depends on macros only
        depends_on=tuple(getattr(node.depends_on, "nodes", ())),
    )


def _columns(node: object) -> dict[str, str]:
    if str(node.resource_type) == "seed":
        with (PROJECT_DIR / node.original_file_path).open(newline="") as stream:
            header = next(csv.reader(stream))
        return {name: node.config.column_types[name] for name in header}
    is_cast = str(node.resource_type) == "model" and node.config.contract.enforced
    return {column.name: column.data_type for column in node.columns.values()} if is_cast else {}


def _refuse_ephemeral(nodes: list[BuiltNode]) -> None:
    """An ephemeral model leaves no trace in the results, so an archive could not keep the order of what it reads."""
    known = {node.unique_id for node in nodes}
    for node in nodes:
        for parent in node.depends_on:
            if parent.startswith("model.") and parent not in known:
                raise BuildFailed(f"{parent.rpartition('.')[2]}, which {node.name} reads, is ephemeral: make it a view")
