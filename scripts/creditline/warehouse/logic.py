"""All decision code that ever decided, kept under `logic/<logic_hash>/`, so that it runs without dbt.

An archive is complete: it has the reference data, the compiled SQL in order of execution with each model's
materialisation, the names of the carried tables, and the engine. Years and releases later it still needs no project, no
dbt and no network.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.database import bound_spill, connect, engine_bounds
from creditline.home.files import (
    Json,
    canonical_json,
    clear_directory,
    is_in_place,
    make_directory,
    move_tree_into_place,
)
from creditline.warehouse.dbt import BuiltNode
from creditline.warehouse.imports import read_in_place
from creditline.warehouse.state import StateTable, state_tables

ENGINE = "duckdb"
INDEX = "index.json"
# dbt puts the name of the catalog before every relation; a file's catalog has the name of the file's stem.
CATALOG = "warehouse"
# The name of a model or a seed in compiled SQL. Sources are in other schemas.
_READ = re.compile(rf'"{CATALOG}"\."main"\."(\w+)"')


class LogicRefused(CreditlineError):
    """An archive was changed, or it cannot be run."""


@dataclass(frozen=True)
class Seed:
    """Reference data as it was: CSV text with a header, and the columns with their types in the order of the file."""

    name: str
    columns: dict[str, str]
    content: str


@dataclass(frozen=True)
class Model:
    """One model. `materialisation` is view or table; `columns` are those of its contract, and empty without one."""

    name: str
    materialisation: str
    key: tuple[str, ...]
    columns: dict[str, str]
    sql: str


@dataclass(frozen=True)
class Claim:
    """A query for rows that must not exist. It decides nothing, so it is not archived."""

    name: str
    sql: str


@dataclass(frozen=True)
class Logic:
    """Everything that decides, in order of execution, and the engine that first ran it."""

    engine: str
    engine_version: str
    seeds: tuple[Seed, ...]
    models: tuple[Model, ...]
    carried: tuple[StateTable, ...]

    @cached_property
    def index(self) -> Json:
        """The content of index.json: everything but the texts, which it names by their sha256."""
        return {
            "engine": self.engine,
            "engine_version": self.engine_version,
            "seeds": [_entry(seed, "content") for seed in self.seeds],
            "models": [_entry(model, "sql") for model in self.models],
            "carried": [_entry(table) for table in self.carried],
        }

    @cached_property
    def logic_hash(self) -> str:
        """The sha256 of the index: reference data, SQL, order, carried tables and engine."""
        return hashlib.sha256(canonical_json(self.index)).hexdigest()


def _entry(part: Seed | Model | StateTable, text: str | None = None) -> Json:
    entry = asdict(part)
    # columns are a list because JSON with sorted keys would lose their order
    entry["columns"] = [list(column) for column in part.columns.items()]
    if text:
        entry["sha256"] = _sha256(entry.pop(text))
    return entry


def logic_of(nodes: list[BuiltNode]) -> Logic:
    """The decision code of a compilation."""
    models = _in_order(nodes)
    views = {node.name for node in models if node.materialisation == "view"}
    return Logic(
        engine=ENGINE,
        engine_version=duckdb.__version__,
        seeds=tuple(
            Seed(node.name, node.columns, Path(node.path).read_text())
            for node in sorted(nodes, key=lambda node: node.name)
            if node.resource_type == "seed"
        ),
        models=tuple(
            Model(
                node.name,
                node.materialisation,
                tuple(node.meta.get("key", ())),
                node.columns,
                read_in_place(node.compiled_sql, views).strip() + "\n",
            )
            for node in models
        ),
        carried=state_tables(),
    )


def _in_order(nodes: list[BuiltNode]) -> list[BuiltNode]:
    """Models in an order in which they can run. It is the same every night, whatever the threads did."""
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


def archive_logic(home: Home, logic: Logic) -> str:
    """Archive decision code, if it is not archived yet.

    Returns: `logic_hash`, which is the name of its folder.
    """
    target = home.logic / logic.logic_hash
    if not is_in_place(target):
        staged = clear_directory(home.logic / f".{logic.logic_hash}.partial")
        make_directory(staged / "seeds")
        for seed in logic.seeds:
            (staged / _seed_file(seed.name)).write_text(seed.content, newline="")
        for number, model in enumerate(logic.models, start=1):
            (staged / _model_file(number, model.name)).write_text(model.sql, newline="")
        (staged / INDEX).write_bytes(canonical_json(logic.index))
        move_tree_into_place(staged, target)
    return logic.logic_hash


def archived_logic(home: Home, logic_hash: str) -> Logic:
    """The archived decision code that a manifest names.

    Raises:
        LogicRefused: it is missing or was changed.
    """
    directory = home.logic / logic_hash
    logic = read_logic(directory)
    if logic.logic_hash != logic_hash:
        raise LogicRefused(f"{directory}/index.json was changed since it was archived; restore it from a backup")
    return logic


def read_logic(directory: Path) -> Logic:
    """Read an archive of decision code.

    Raises:
        LogicRefused: a file is missing or differs from the index; names the first such file.
    """
    try:
        index = json.loads((directory / INDEX).read_text())
    except (OSError, ValueError) as error:
        raise LogicRefused(
            f"{directory / INDEX} cannot be read ({error}); restore the archive from a backup"
        ) from error
    return Logic(
        engine=index["engine"],
        engine_version=index["engine_version"],
        seeds=tuple(
            Seed(entry["name"], dict(entry["columns"]), _read(directory / _seed_file(entry["name"]), entry["sha256"]))
            for entry in index["seeds"]
        ),
        models=tuple(
            Model(
                entry["name"],
                entry["materialisation"],
                tuple(entry["key"]),
                dict(entry["columns"]),
                _read(directory / _model_file(number, entry["name"]), entry["sha256"]),
            )
            for number, entry in enumerate(index["models"], start=1)
        ),
        carried=tuple(
            StateTable(entry["name"], entry["model"], tuple(entry["key"]), dict(entry["columns"]))
            for entry in index["carried"]
        ),
    )


def _read(path: Path, sha256: str) -> str:
    if not path.is_file():
        raise LogicRefused(f"{path} is missing from the archived decision code; restore it from a backup")
    # newline="" keeps the bytes that were hashed
    with path.open(newline="") as stream:
        content = stream.read()
    if _sha256(content) != sha256:
        raise LogicRefused(f"{path} was changed since it was archived; restore it from a backup")
    return content


def _seed_file(name: str) -> str:
    return f"seeds/{name}.csv"


def _model_file(number: int, name: str) -> str:
    return f"{number:03d}_{name}.sql"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def scratch_database(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory for archived SQL, within the home's bounds. It spills to a folder outside the home."""
    with (
        tempfile.TemporaryDirectory() as folder,
        connect(config=engine_bounds(home) | {"temp_directory": folder}) as connection,
    ):
        bound_spill(connection, home.settings.spill_limit)
        use_scratch_catalog(connection)
        yield connection


def use_scratch_catalog(connection: duckdb.DuckDBPyConnection) -> None:
    """Give an in-memory connection the catalog that archived SQL names."""
    connection.execute(f"attach ':memory:' as {CATALOG}")
    connection.execute(f"use {CATALOG}")


def needed_for(logic: Logic, *models: str) -> Logic:
    """The part of the decision code that the given models need, themselves included, in the same order.

    Raises:
        LogicRefused: the decision code has no such model.
    """
    reads = {entry.name: models_read(entry) for entry in logic.models}
    for model in models:
        if model not in reads:
            raise LogicRefused(
                f"{model} is not in decision code {logic.logic_hash[:12]}, which is of an earlier release;"
                " run a night of this one first"
            )
    needed, waiting = set(), set(models)
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting |= reads.get(name, set()) - needed
    return replace(
        logic,
        seeds=tuple(seed for seed in logic.seeds if seed.name in needed),
        models=tuple(entry for entry in logic.models if entry.name in needed),
    )


def models_read(model: Model) -> set[str]:
    """The names of the models and of the reference data that a model reads."""
    return set(_READ.findall(model.sql))
