"""The build of a night: a fresh scratch warehouse, one dbt build, carried state, the archive of the decision code."""

from __future__ import annotations

import logging
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb

from creditline import project
from creditline.gate.record import delivery_records, intraday_records
from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.files import digests, make_directory
from creditline.home.proof import read_signed, write_signed
from creditline.home.publications import last_valid, state_directory
from creditline.home.scratch import ScratchChanged, is_untouched, seal_of
from creditline.policy import archive, packs_in_force, policy_relations
from creditline.policy.calendar import timetable
from creditline.release.inherited import approved_relation
from creditline.warehouse.dbt import BuiltNode, OutOfMemory, compile_project, run_build
from creditline.warehouse.engine import Engine
from creditline.warehouse.inputs import Relation, check_inputs, lay, write_inputs
from creditline.warehouse.logic import Logic, archive_logic, archived_logic, logic_of
from creditline.warehouse.sources import (
    NightParameters,
    NightSource,
    has_void_snapshot,
    night_sources,
    raw_relations,
    released_relation,
    run_relations,
    security_relation,
    standing_relation,
)
from creditline.warehouse.state import export_state, state_relations


@dataclass(frozen=True)
class Table:
    """One mart or report of the scratch warehouse that is to be published."""

    name: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Build:
    """What a build leaves for the steps after it; `seconds`, `engine` and the `seal` of its tables are facts about the run, the
    rest is the night's. `state` are the sha256 of what it hands on, by name of file."""

    business_date: date
    previous_business_date: date | None
    is_void: bool
    logic_hash: str
    policy_versions: dict[str, str]
    marts: tuple[Table, ...]
    reports: tuple[Table, ...]
    state: dict[str, str]
    seconds: dict[str, float]
    engine: str
    seal: dict[str, list[int]]


def build(home: Home, business_date: date, engine: Engine = Engine.DUCKDB) -> Build:
    """Build one gated night from scratch.

    The decision code that is archived is DuckDB's on either engine, so a replay of Spark's night is a proof across both.

    Raises:
        NotGenuine: something that the night reads is not what this home wrote.
        BuildFailed: a model or a claim about the data fails; nothing is published, the night can be run again.
    """
    night, inputs = night_inputs(home, business_date)
    check_inputs(home, inputs)
    _clear(home)
    ran = _run_spark(home, inputs) if engine is Engine.SPARK else _run_duckdb(home, inputs)
    if business_date not in home.published_dates():
        _hand_on(home, night, inputs)
    result = Build(
        business_date=business_date,
        previous_business_date=night.previous_business_date,
        is_void=night.is_void,
        logic_hash=_keep_logic(home, ran.logic),
        policy_versions=_used_policy_versions(home),
        marts=_tables(ran.nodes, ("dim_", "fct_", "mon_")),
        reports=_tables(ran.nodes, ("rpt_",)),
        state=digests(state_directory(home, business_date)),
        seconds={node.name: round(node.seconds, 3) for node in ran.nodes},
        engine=ran.engine,
        seal=seal_of(home, _built_files(home)),
    )
    write_signed(home, _record_file(home, business_date), _as_json(result))
    return result


def read_build(home: Home, business_date: date) -> Build | None:
    """The build of this night if the scratch warehouse still holds it.

    Raises:
        NotGenuine: its record is not the home's own.
        ScratchChanged: somebody wrote to what it left.
    """
    path = _record_file(home, business_date)
    if not path.is_file() or not home.warehouse_file.is_file():
        return None
    record = read_signed(home, path)
    previous = record["previous_business_date"]
    build = Build(
        business_date=date.fromisoformat(record["business_date"]),
        previous_business_date=date.fromisoformat(previous) if previous else None,
        is_void=record["is_void"],
        logic_hash=record["logic_hash"],
        policy_versions=record["policy_versions"],
        marts=tuple(Table(table["name"], tuple(table["key"])) for table in record["marts"]),
        reports=tuple(Table(table["name"], tuple(table["key"])) for table in record["reports"]),
        state=record["state"],
        seconds=record["seconds"],
        engine=record["engine"],
        seal=record["seal"],
    )
    if build.business_date != business_date or not is_untouched(home, build.seal):
        raise ScratchChanged(
            f"{home.warehouse_file} is not what the build of {business_date} left; run `creditline night --date"
            f" {business_date}`, which builds it anew"
        )
    return build


def _built_files(home: Home) -> list[Path]:
    """The scratch warehouse; of a build on Spark also the files that its tables lie in."""
    return [home.warehouse_file, *(path for path in (home.warehouse / "spark").rglob("*.parquet"))]


def forget_build(home: Home, business_date: date) -> None:
    """Remove what a build made of a night that is not published: its delivery is being replaced."""
    _record_file(home, business_date).unlink(missing_ok=True)
    shutil.rmtree(state_directory(home, business_date), ignore_errors=True)


def night_inputs(home: Home, business_date: date) -> tuple[NightParameters, list[Relation]]:
    """The night's parameters, and everything that it depends on, as the home stands now."""
    policies = archive(home, packs_in_force(project.POLICIES_DIR, business_date))
    records = delivery_records(home)
    sources = night_sources(home, records, business_date, timetable(home, policies, business_date))
    night = _night(home, business_date, sources)
    state = state_relations(home, night.previous_business_date)
    # what else the night reads depends on it
    check_inputs(home, state)
    between = intraday_records(home, night.previous_business_date or date.min)
    relations = [
        *run_relations(night, sources),
        *raw_relations(home, [*records, *between], night, state),
        *state,
        released_relation(home, business_date, state),
        security_relation(home, night.previous_business_date, business_date),
        standing_relation(),
        approved_relation(home, business_date, night.previous_business_date),
        *policy_relations(policies),
    ]
    return night, relations


def _night(home: Home, business_date: date, sources: list[NightSource]) -> NightParameters:
    return NightParameters(
        business_date=business_date,
        cut_off_at=home.cut_off_at(business_date),
        previous_business_date=last_valid(home, business_date),
        is_void=has_void_snapshot(sources),
        home_name=home.settings.name,
    )


@dataclass(frozen=True)
class _Run:
    """What one engine did: its nodes, the decision code, its name with its version."""

    nodes: list[BuiltNode]
    logic: Logic
    engine: str


def _run_duckdb(home: Home, inputs: list[Relation]) -> _Run:
    def build(models_at_once: int) -> list[BuiltNode]:
        with connect_within(home, str(home.warehouse_file)) as connection:
            lay(connection, inputs)
        return run_build(home, models_at_once=models_at_once)

    try:
        nodes = build(home.settings.threads)
    except OutOfMemory as error:
        if home.settings.threads == 1:
            raise
        # what two models need together may not fit where either fits alone
        logging.getLogger(__name__).warning("%s; the night is built once more, one model at a time", error)
        _clear(home)
        nodes = build(1)
    return _Run(nodes, logic_of(nodes), f"{Engine.DUCKDB} {duckdb.__version__}")


def _run_spark(home: Home, inputs: list[Relation]) -> _Run:
    # A home without Spark needs nothing of it.
    from creditline.spark.build import build_on_spark

    nodes, version = build_on_spark(home, inputs)
    return _Run(nodes, logic_of(compile_project(home.warehouse / "dbt", home)), f"{Engine.SPARK} {version}")


def _keep_logic(home: Home, logic: Logic) -> str:
    """Archive what decided, and see that what is kept is just that. Returns: `logic_hash`."""
    return archived_logic(home, archive_logic(home, logic)).logic_hash


def _clear(home: Home) -> None:
    make_directory(home.warehouse)
    spilled = home.spill.glob("duckdb_temp_*")
    for leftover in (home.warehouse_file, home.warehouse_file.with_suffix(".duckdb.wal"), *spilled):
        leftover.unlink(missing_ok=True)
    shutil.rmtree(home.warehouse / "build", ignore_errors=True)


def _hand_on(home: Home, night: NightParameters, inputs: list[Relation]) -> None:
    """State and inputs of a night that is not published yet; those of a published one never change.

    A void night leaves its inputs and no state: nothing that it saw goes on.
    """
    # an earlier try may have been of another delivery
    shutil.rmtree(state_directory(home, night.business_date), ignore_errors=True)
    if not night.is_void:
        with connect_within(home, str(home.warehouse_file), read_only=True) as connection:
            export_state(connection, home, night.business_date)
    write_inputs(home, night.business_date, inputs)


def _used_policy_versions(home: Home) -> dict[str, str]:
    with connect_within(home, str(home.warehouse_file), read_only=True) as connection:
        rows = connection.execute(
            "select pack, policy_version from dim_policy where policy_version in (select policy_version from dec_account)"
            " order by pack"
        ).fetchall()
    return dict(rows)


def _tables(nodes: list[BuiltNode], prefixes: tuple[str, ...]) -> tuple[Table, ...]:
    return tuple(
        Table(node.name, tuple(node.meta["key"]))
        for node in sorted(nodes, key=lambda node: node.name)
        if node.resource_type == "model" and node.name.startswith(prefixes)
    )


def _record_file(home: Home, business_date: date) -> Path:
    return home.warehouse / "build" / f"{business_date}.json"


def _as_json(result: Build) -> dict[str, object]:
    record = asdict(result)
    record["business_date"] = str(result.business_date)
    record["previous_business_date"] = str(result.previous_business_date) if result.previous_business_date else None
    return record
