"""The decision code that ever decided, kept as it was: `logic/<logic_hash>/`."""

from __future__ import annotations

import hashlib
from graphlib import TopologicalSorter

import duckdb

from creditline.home import Home
from creditline.home.files import canonical_json, clear_directory, move_tree_into_place
from creditline.warehouse.dbt import BuiltNode

ENGINE = "duckdb"


def archive_logic(home: Home, nodes: list[BuiltNode]) -> str:
    """Hash tonight's compiled models in their order of execution and keep them once.

    Returns: `logic_hash`, the sha256 of order, SQL and the engine's version.
    """
    models = _in_order(nodes)
    index = {
        "engine": ENGINE,
        "engine_version": duckdb.__version__,
        "models": [
            {"name": node.name, "sha256": hashlib.sha256(node.compiled_sql.encode()).hexdigest()} for node in models
        ],
    }
    logic_hash = hashlib.sha256(canonical_json(index)).hexdigest()
    target = home.logic / logic_hash
    if not target.exists():
        staged = clear_directory(home.logic / f".{logic_hash}.partial")
        for number, node in enumerate(models, start=1):
            (staged / f"{number:03d}_{node.name}.sql").write_text(node.compiled_sql.strip() + "\n")
        (staged / "index.json").write_bytes(canonical_json(index))
        move_tree_into_place(staged, target)
    return logic_hash


def _in_order(nodes: list[BuiltNode]) -> list[BuiltNode]:
    """Models in an order in which they can be run, the same every night whatever the threads did."""
    models = {node.unique_id: node for node in nodes if node.resource_type == "model"}
    sorter = TopologicalSorter(
        {name: [parent for parent in node.depends_on if parent in models] for name, node in models.items()}
    )
    sorter.prepare()
    ordered: list[BuiltNode] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.extend(models[name] for name in ready)
        sorter.done(*ready)
    return ordered
