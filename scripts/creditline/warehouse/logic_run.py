"""Runs decision code, on its night and on replays: reference data, then models, in parallel on the engine's threads."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, wait
from functools import partial
from graphlib import TopologicalSorter

import duckdb

from creditline.accidents import advice_on
from creditline.home.database import path_to_read, workers_beside
from creditline.warehouse.logic import CATALOG, Claim, Logic, LogicRefused, Model, Seed, models_read

# How many of the rows that a claim found are shown.
_NAMED_ROWS = 3


def run_logic(
    connection: duckdb.DuckDBPyConnection, logic: Logic, *, skip: Collection[str] = frozenset()
) -> dict[str, float]:
    """Create reference data and models in a catalog named `warehouse` that holds the sources.

    Models that run at once share the engine's memory. If it is not enough, the remaining models run one by one.

    Args:
        skip: seeds and models not to be created, because the caller created them or does not need them.

    Returns: for each created seed or model, the seconds that it took.

    Raises:
        LogicRefused: a model does not run on this engine, has other columns than its contract states, or has a
            materialisation that only dbt knows.
    """
    connection.execute("set TimeZone = 'UTC'")
    seconds = {seed.name: _create(connection, seed) for seed in logic.seeds if seed.name not in skip}
    models = [model for model in logic.models if model.name not in skip]
    seconds |= _run_at_once(connection, models)
    for model in models:
        if model.name not in seconds:
            seconds[model.name] = _create(connection, model)
    return seconds


def check_claims(connection: duckdb.DuckDBPyConnection, claims: Iterable[Claim]) -> dict[str, float]:
    """Check that the created tables contain no rows that must not exist.

    Returns: for each claim, the seconds that it took.

    Raises:
        LogicRefused: a claim is false; names it with the first rows that it found.
    """
    seconds = {}
    for claim in claims:
        started = time.perf_counter()
        try:
            found = connection.execute(claim.sql)
            names, rows = [column[0] for column in found.description], found.fetchall()
        except duckdb.Error as error:
            raise _refused(claim.name, error) from error
        if rows:
            named = "; ".join(str(dict(zip(names, map(str, row), strict=True))) for row in rows[:_NAMED_ROWS])
            raise LogicRefused(f"{claim.name} does not hold for {len(rows)} rows: {named}")
        seconds[claim.name] = time.perf_counter() - started
    return seconds


def _run_at_once(connection: duckdb.DuckDBPyConnection, models: list[Model]) -> dict[str, float]:
    """Create each model as soon as everything that it reads is there.

    Returns: the seconds of each created model. If the engine ran out of memory, some models are not created.
    """
    by_name = {model.name: model for model in models}
    order = TopologicalSorter({name: models_read(model) & by_name.keys() for name, model in by_name.items()})
    order.prepare()
    made: dict[str, float] = {}
    with workers_beside(connection) as workers:

        def create(name: str, own: duckdb.DuckDBPyConnection) -> str:
            made[name] = _create(own, by_name[name])
            return name

        running = set()
        try:
            while order.is_active():
                running |= {workers.submit(partial(create, name)) for name in sorted(order.get_ready())}
                done, running = wait(running, return_when=FIRST_COMPLETED)
                order.done(*(future.result() for future in done))
        except BaseException as error:
            workers.pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error.__cause__, duckdb.OutOfMemoryException):
                for own in workers.connections:
                    own.interrupt()
                raise
            logging.getLogger(__name__).warning("%s; the models that are left run one at a time", error)
    return made


def _create(connection: duckdb.DuckDBPyConnection, part: Seed | Model) -> float:
    """Create a seed or a model. Returns: seconds."""
    started = time.perf_counter()
    try:
        _create_seed(connection, part) if isinstance(part, Seed) else _create_model(connection, part)
    except duckdb.Error as error:
        raise _refused(part.name, error) from error
    return time.perf_counter() - started


def _refused(name: str, error: duckdb.Error) -> LogicRefused:
    return LogicRefused(f"{name} does not run on DuckDB {duckdb.__version__}: {error}{advice_on(str(error))}")


def _create_seed(connection: duckdb.DuckDBPyConnection, seed: Seed) -> None:
    relation = f"{CATALOG}.main.{seed.name}"
    declared = ", ".join(f"{name} {kind}" for name, kind in seed.columns.items())
    connection.execute(f"create table {relation} ({declared})")
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
        file.write(seed.content)
        file.flush()
        connection.execute(f"copy {relation} from {path_to_read(file.name)} (format csv, header true, delimiter ',')")


def _create_model(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    if model.materialisation not in ("view", "table"):
        raise LogicRefused(f"{model.name} is materialised as {model.materialisation}; use view or table")
    relation = f"{CATALOG}.main.{model.name}"
    connection.execute(f"create {model.materialisation} {relation} as (\n{model.sql})")
    if model.columns:
        described = connection.execute(f"describe {relation}").fetchall()
        found = [f"{name} {kind.lower()}" for name, kind, *_ in described]
        stated = [f"{name} {kind}" for name, kind in model.columns.items()]
        if found != stated:
            raise LogicRefused(
                f"{model.name}: its columns are {', '.join(found)}, and its contract says {', '.join(stated)}"
            )
