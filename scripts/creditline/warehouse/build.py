"""The build of a night: a new temporary warehouse, its decision code, its carried state, and the archived code."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date

import duckdb

from creditline import project
from creditline.home import Home
from creditline.home.database import connect_within
from creditline.home.files import digests, make_directory
from creditline.home.publications import last_valid, state_directory
from creditline.home.scratch import seal_of
from creditline.policy import archive, packs_in_force, policy_relations
from creditline.policy.calendar import timetable
from creditline.store.built import Build, Table, built_files, write_build
from creditline.store.inputs import Relation, check_inputs, lay, write_inputs
from creditline.store.record import counting_records, intraday_records
from creditline.warehouse.compiled import compiled_project, keep
from creditline.warehouse.engine import Engine
from creditline.warehouse.inherited import approved_relation
from creditline.warehouse.logic import Logic
from creditline.warehouse.logic_run import check_claims, run_logic
from creditline.warehouse.runner import Ran, Runner
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


def build(home: Home, business_date: date, runner: Runner) -> Build:
    """Build one gated night from scratch.

    The archived decision code is DuckDB's on either engine, so the replay of a night on Spark compares both engines.

    Raises:
        NotGenuine: a file that the night reads is not as this home wrote it.
        BuildFailed: the project does not compile, or does not run on Spark.
        LogicRefused: a model or a claim about the data fails. Nothing is published, and the night can be run again.
    """
    night, inputs = night_inputs(home, business_date)
    check_inputs(home, inputs)
    _clear(home)
    ran = runner.run(home, inputs)
    if business_date not in home.published_dates():
        _hand_on(home, night, inputs)
    result = Build(
        business_date=business_date,
        previous_business_date=night.previous_business_date,
        is_void=night.is_void,
        logic_hash=keep(home, ran.project),
        policy_versions=_used_policy_versions(home),
        marts=_tables(ran.project.logic, ("dim_", "fct_", "mon_")),
        reports=_tables(ran.project.logic, ("rpt_",)),
        state=digests(state_directory(home, business_date)),
        seconds={name: round(seconds, 3) for name, seconds in ran.seconds.items()},
        engine=ran.engine,
        seal=seal_of(home, built_files(home)),
    )
    write_build(home, result)
    return result


def night_inputs(home: Home, business_date: date) -> tuple[NightParameters, list[Relation]]:
    """The night's parameters, and everything that the night reads, from the home as it is now."""
    policies = archive(home, packs_in_force(project.POLICIES_DIR, business_date))
    records = counting_records(home)
    sources = night_sources(home, records, business_date, timetable(home, policies, business_date))
    night = _night(home, business_date, sources)
    state = state_relations(home, night.previous_business_date, business_date)
    # the other inputs of the night depend on this
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


class OnDuckDB:
    """Runs nights on DuckDB. Its readers open the files of the home, so there is nothing to announce."""

    def run(self, home: Home, inputs: Iterable[Relation]) -> Ran:
        """Load what the night reads into a new temporary warehouse, and run the decision code there."""
        project = compiled_project(home)
        with connect_within(home, str(home.warehouse_file)) as connection:
            lay(connection, inputs)
            seconds = run_logic(connection, project.logic) | check_claims(connection, project.claims)
        return Ran(project, seconds, f"{Engine.DUCKDB} {duckdb.__version__}")

    def show(self, home: Home, business_date: date) -> None:
        """Do nothing: readers see a published night without it."""


def _clear(home: Home) -> None:
    make_directory(home.warehouse)
    spilled = home.spill.glob("duckdb_temp_*")
    for leftover in (home.warehouse_file, home.warehouse_file.with_suffix(".duckdb.wal"), *spilled):
        leftover.unlink(missing_ok=True)
    shutil.rmtree(home.warehouse / "build", ignore_errors=True)


def _hand_on(home: Home, night: NightParameters, inputs: list[Relation]) -> None:
    """Write the state and inputs of a night that is not published yet. Those of a published night never change.

    A void night keeps its inputs but hands no state on.
    """
    # an earlier try may have used another delivery
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


def _tables(logic: Logic, prefixes: tuple[str, ...]) -> tuple[Table, ...]:
    return tuple(
        Table(model.name, model.key)
        for model in sorted(logic.models, key=lambda model: model.name)
        if model.name.startswith(prefixes)
    )
