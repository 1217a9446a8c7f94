"""Run archived decision code: reference data, then models, as many at once as the engine has threads, as dbt does on a night."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from graphlib import TopologicalSorter
from queue import SimpleQueue

import duckdb

from creditline.accidents import advice_on
from creditline.home.database import connect_again, path_to_read
from creditline.warehouse.logic import CATALOG, Logic, LogicRefused, Model, Seed, models_read


def run_logic(connection: duckdb.DuckDBPyConnection, logic: Logic, *, skip: Collection[str] = frozenset()) -> None:
    """Create reference data and models in a catalog named `warehouse` in which the sources are laid.

    Models that run at once share the engine's memory. Where it does not suffice, those that are left run one by one.

    Args:
        skip: seeds and models that are not to be created, because the caller laid them or does not need them.

    Raises:
        LogicRefused: a model does not run on this engine, or is materialised in a way that only dbt knows.
    """
    connection.execute("set TimeZone = 'UTC'")
    for seed in logic.seeds:
        if seed.name not in skip:
            _create(connection, seed)
    models = [model for model in logic.models if model.name not in skip]
    made = _run_at_once(connection, models)
    for model in models:
        if model.name not in made:
            _create(connection, model)


def _run_at_once(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> set[str]:
    """Create each model as soon as all that it reads is there.

    Returns: names of the models that were created: all, or those that were before and while the engine ran out of memory.
    """
    by_name = {model.name: model for model in models}
    order = TopologicalSorter({name: models_read(model) & by_name.keys() for name, model in by_name.items()})
    order.prepare()
    made: set[str] = set()
    at_once = int(connection.execute("select current_setting('threads')").fetchone()[0])
    idle = SimpleQueue()
    with ExitStack() as stack:
        connections = [stack.enter_context(connect_again(connection)) for _ in range(at_once)]
        for own in connections:
            idle.put(own)
        pool = stack.enter_context(ThreadPoolExecutor(at_once))

        def create(name: str) -> str:
            own = idle.get()
            try:
                _create(own, by_name[name])
            finally:
                idle.put(own)
            made.add(name)
            return name

        running = set()
        try:
            while order.is_active():
                running |= {pool.submit(create, name) for name in sorted(order.get_ready())}
                done, running = wait(running, return_when=FIRST_COMPLETED)
                order.done(*(future.result() for future in done))
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error.__cause__, duckdb.OutOfMemoryException):
                for own in connections:
                    own.interrupt()
                raise
    return made


def _create(connection: duckdb.DuckDBPyConnection, part: Seed | Model) -> None:
    try:
        _create_seed(connection, part) if isinstance(part, Seed) else _create_model(connection, part)
    except duckdb.Error as error:
        raise LogicRefused(
            f"{part.name} does not run on DuckDB {duckdb.__version__}: {error}{advice_on(str(error))}"
        ) from error


def _create_seed(connection: duckdb.DuckDBPyConnection, seed: Seed) -> None:
    relation = f"{CATALOG}.main.{seed.name}"
    connection.execute(f"create table {relation} ({_declared(seed.columns)})")
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
        file.write(seed.content)
        file.flush()
        connection.execute(f"copy {relation} from {path_to_read(file.name)} (format csv, header true, delimiter ',')")


def _create_model(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    relation = f"{CATALOG}.main.{model.name}"
    if model.materialisation == "view":
        connection.execute(f"create view {relation} as ({model.sql})")
    elif model.materialisation != "table":
        raise LogicRefused(f"{model.name} is materialised as {model.materialisation}; use view or table")
    elif model.columns:
        names = ", ".join(model.columns)
        # what an insert that ran out of memory left is in nobody's way
        connection.execute(f"create or replace table {relation} ({_declared(model.columns)})")
        connection.execute(f"insert into {relation} ({names}) (select {names} from ({model.sql}))")
    else:
        connection.execute(f"create table {relation} as ({model.sql})")


def _declared(columns: dict[str, str]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns.items())
