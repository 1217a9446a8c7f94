"""Run one published night again. It only reads the home, and needs neither dbt nor Great Expectations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from creditline.errors import CreditlineError
from creditline.home import Home
from creditline.home.files import Json
from creditline.home.publications import publication_directory, read_manifest, revision_name
from creditline.replay.comparison import Difference, compare
from creditline.store.inputs import Relation, check_inputs, lay, read_inputs, standing_models
from creditline.warehouse.logic import Logic, archived_logic, scratch_database
from creditline.warehouse.logic_run import run_logic
from creditline.warehouse.state import carried_rows, state_file

DECISIONS = "fct_limit_decision"


class ReplayRefused(CreditlineError):
    """The night cannot be run again: it was never published, or a file that it needs or published cannot be read."""


@dataclass(frozen=True)
class NightReplay:
    """One replayed publication of a night: the first difference of each table that has one. `seconds` and `engine_now`
    are run facts."""

    business_date: date
    revision: int
    decisions: int
    differences: tuple[Difference, ...]
    seconds: float
    logic_hash: str
    engine_then: str
    engine_now: str

    @property
    def differing_decisions(self) -> int:
        """Decisions that differ in any column, the hash among them."""
        return sum(difference.rows for difference in self.differences if difference.table == DECISIONS)


def replay_night(home: Home, business_date: date, revision: int = 0) -> NightReplay:
    """Run one publication of a night from its record with its archived code, and compare all that it published and carried.

    Args:
        revision: 0 is the night as it ran, a higher one that of a restatement.

    Raises:
        ReplayRefused: the night is not published, or a published table cannot be read.
        NotGenuine: the manifest, an input or the record of inputs was changed; names the first file.
        LogicRefused: the archived code was changed, or does not run on this engine.
    """
    started = time.perf_counter()
    logic, inputs, standing = night_to_run(home, business_date, revision)
    manifest = read_manifest(home, business_date, revision)
    with scratch_database(home) as connection:
        lay(connection, inputs)
        run_logic(connection, logic, skip=standing)
        differences = tuple(_differences(connection, home, business_date, revision, logic, manifest))
    return NightReplay(
        business_date=business_date,
        revision=revision,
        decisions=manifest["rows"][DECISIONS],
        differences=differences,
        seconds=round(time.perf_counter() - started, 1),
        logic_hash=logic.logic_hash,
        engine_then=f"{logic.engine} {logic.engine_version}",
        engine_now=f"{logic.engine} {duckdb.__version__}",
    )


def night_to_run(
    home: Home, business_date: date, revision: int = 0
) -> tuple[Logic, tuple[Relation, ...], frozenset[str]]:
    """What one publication of a night ran, checked: its archived code, its inputs, and the models that tables replace.

    Raises:
        ReplayRefused: the night is not published.
        NotGenuine, LogicRefused: as `replay_night`.
    """
    if not publication_directory(home, business_date, revision).is_dir():
        which = f" as {revision_name(revision)}" if revision else ""
        raise ReplayRefused(f"night {business_date} is not published{which}; only a published night can be replayed")
    logic = archived_logic(home, read_manifest(home, business_date, revision)["logic_hash"])
    inputs = read_inputs(home, business_date, revision)
    check_inputs(home, inputs)
    return logic, inputs, standing_models(inputs)


def _differences(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    business_date: date,
    revision: int,
    logic: Logic,
    manifest: Json,
) -> Iterator[Difference]:
    """The tables to compare: decisions first, then all other published tables, then carried state (none of a void night)."""
    published = manifest["rows"]
    keys = {model.name: model.key for model in logic.models}
    marts = publication_directory(home, business_date, revision) / "marts"
    tables = [
        (table, keys[table], f"select * from {table}", marts / f"{table}.parquet")
        for table in sorted(published, key=lambda table: (table != DECISIONS, table))
    ]
    carried = [
        (f"state {table.name}", table.key, carried_rows(table), state_file(home, business_date, table.name, revision))
        for table in logic.carried
        if not manifest["is_void"]
    ]
    for table, key, replayed, file in [*tables, *carried]:
        if not file.is_file():
            raise ReplayRefused(f"{file} is missing; restore it from a backup")
        try:
            difference = compare(connection, table, key, replayed, file)
        except duckdb.Error as error:
            raise ReplayRefused(f"{file} cannot be compared: {' '.join(str(error).split())}") from error
        if difference:
            yield difference
