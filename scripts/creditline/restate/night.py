"""One night of a restatement: read, computed again, compared with the published one, and published beside it.

A night that two people declared void is computed as a void one, and the nights after it go on from the valid night before. Its
orders left all the same. So it hands on what they moved, and what they took from whom: the next night owes that.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.outputs import judge_marts, mart_suites
from creditline.home import Home
from creditline.home.database import path_to_read, path_to_write
from creditline.home.files import Json, canonical_json, clear_directory, digests, sha256_of
from creditline.home.keys import sign_file
from creditline.home.publications import (
    MANIFEST,
    last_published,
    latest_revision,
    place_publication,
    publication_directory,
    published_mart,
    read_manifest,
    state_directory,
)
from creditline.home.releases import kept_orders, records_since
from creditline.home.restatements import VOID
from creditline.publish.history import published_nights
from creditline.publish.marts import export_marts, write_marts_database
from creditline.publish.publication import (
    edit_checks,
    manifest_files,
    write_night_reports,
    write_run,
    write_seconds,
)
from creditline.restate.difference import (
    Compared,
    find_unconcerned,
    lay_affected,
    note_cells,
    note_difference,
    write_difference,
)
from creditline.restate.late import touched_customers, with_heirs, with_late_rows, write_late_rows
from creditline.store.built import Table
from creditline.store.inputs import (
    MODELS,
    InputFile,
    Relation,
    check_inputs,
    lay,
    read_inputs,
    standing_models,
    write_inputs,
)
from creditline.store.parquet import write_parquet
from creditline.store.record import DeliveryRecord, counting, intraday_records
from creditline.warehouse.logic import Logic, archived_logic, scratch_database
from creditline.warehouse.logic_run import run_logic
from creditline.warehouse.sources import NightParameters, raw_relations, sources_now, standing_relation
from creditline.warehouse.state import OF_VOID, carried_rows, recomputed_tables

# Orders do not change: these tables are those of the first publication and are not computed again.
STANDING = ("fct_limit_adjustment", "fct_security_order", "rpt_r02_adjustment_register")
DECISIONS = "fct_limit_decision"
# What left since the night before: with another night before, what the void nights in between read belongs to it, too.
_LEFT = ("release.adjustment", "release.security_order", "release.inherited_trigger")


class RestatementRefused(CreditlineError):
    """The past cannot be restated, or a customer would change whom no late row concerns."""


@dataclass(frozen=True)
class Order:
    """The restatement that two people asked for, as every manifest of it says.

    `kind` is VOID if they declared `from_date` void; `voided` are all nights that were ever declared void, this one included,
    `undone` those of them whose changes of ids were taken back.
    """

    from_date: date
    known_until: date
    reason: str
    by: str
    approved_by: str
    kind: str | None
    voided: frozenset[date]
    undone: frozenset[date]

    def as_json(self) -> dict[str, str]:
        """The order as it stands in a manifest."""
        return {
            "from_date": str(self.from_date),
            "known_until": str(self.known_until),
            "reason": self.reason,
            "by": self.by,
            "approved_by": self.approved_by,
            **({"kind": self.kind} if self.kind else {}),
        }


@dataclass(frozen=True)
class Progress:
    """The progress of a restatement: the revision of each night that it published, and the customers it may change."""

    revisions: dict[date, int]
    customers: frozenset[int]


@dataclass(frozen=True)
class RestatedNight:
    """The result of one night. `revision` is None if nothing changed and nothing was published."""

    business_date: date
    revision: int | None
    changed_rows: dict[str, int]
    changed_cells: int


@dataclass(frozen=True)
class _Night:
    """One night of a restatement. `standing` is the revision that it is compared with, `passed` are the void nights that it
    went on from when it was first published, the newest first."""

    home: Home
    order: Order
    business_date: date
    standing: int
    first: Json
    logic: Logic
    passed: tuple[date, ...]
    previous: date | None

    @property
    def revision(self) -> int:
        return self.standing + 1

    @property
    def state(self) -> Path:
        return state_directory(self.home, self.business_date, self.revision)

    @property
    def target(self) -> Path:
        return publication_directory(self.home, self.business_date, self.revision)

    @property
    def is_declared_void(self) -> bool:
        return self.business_date in self.order.voided

    @property
    def is_void(self) -> bool:
        return self.is_declared_void or bool(self.first["is_void"])

    def tables(self, *prefixes: str) -> tuple[Table, ...]:
        return tuple(Table(m.name, m.key) for m in self.logic.models if m.name.startswith(prefixes))


def restate_night(
    home: Home, order: Order, business_date: date, records: list[DeliveryRecord], progress: Progress, *, is_shown: bool
) -> tuple[RestatedNight, Progress]:
    """Compute one night again and put its publication in its place. It does not count yet.

    Args:
        records: every delivery that is known now.
        is_shown: publish the night even if nothing of it changed, because its `marts.duckdb` shows the others.

    Raises:
        RestatementRefused: a customer would change whom no late row concerns; names the first.
        OutputsRefused: a mart breaks an expectation.
        NotGenuine, LogicRefused: a file that the night needs was changed.
    """
    first = read_manifest(home, business_date, 0)
    passed, previous = _passed(home, first, order.voided)
    night = _Night(
        home,
        order,
        business_date,
        latest_revision(home, business_date),
        first,
        archived_logic(home, first["logic_hash"]),
        passed,
        previous,
    )
    for left_behind in (night.state, night.target):
        # left by a killed restatement; it never counted
        shutil.rmtree(left_behind, ignore_errors=True)
    started = time.perf_counter()
    with scratch_database(home) as connection:
        inputs, late = _restated_inputs(connection, night, records, progress.revisions)
        check_inputs(home, inputs)
        lay(connection, inputs)
        run_logic(connection, night.logic, skip=standing_models(inputs))
        handed = _lay_handed(connection, night, inputs)
        touched = progress.customers | touched_customers(connection, late)
        links = next((carried_rows(table) for table in night.logic.carried if table.name == "customer_link"), None)
        customers = with_heirs(connection, touched, links)
        changed = _compare(connection, night, customers, handed)
        if not changed and not is_shown:
            shutil.rmtree(night.state)
            return RestatedNight(business_date, None, {}, 0), Progress(progress.revisions, customers)
        write_inputs(home, business_date, inputs, night.revision)
        seconds = round(time.perf_counter() - started, 3)
        revisions = progress.revisions | {business_date: night.revision}
        cells = _publish(connection, night, revisions, seconds)
    return RestatedNight(business_date, night.revision, changed, cells), Progress(revisions, customers)


# --- what the night reads ---------------------------------------------------------------------------------------------


def _passed(home: Home, first: Json, voided: Collection[date]) -> tuple[tuple[date, ...], date | None]:
    """The nights that the night first went on from and that were declared void since, and the night that it goes on from now."""
    passed: list[date] = []
    previous = _day(first["previous_business_date"])
    while previous is not None and previous in voided:
        passed.append(previous)
        previous = _day(read_manifest(home, previous, 0)["previous_business_date"])
    return tuple(passed), previous


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def _restated_inputs(
    connection: duckdb.DuckDBPyConnection, night: _Night, records: list[DeliveryRecord], revisions: dict[date, int]
) -> tuple[list[Relation], dict[str, InputFile]]:
    """What the night reads with what is known now, and its late rows.

    Parameters, packs, orders that left, and what watches had taken in before the night are as they were then. Features are
    computed again from raw, because carried sums do not show which rows they counted.
    """
    home, voided, undone = night.home, night.order.voided, night.order.undone
    recorded = {relation.name: relation for relation in read_inputs(home, night.business_date)}
    parameters = _parameters(night, recorded["run.night"])
    relations = recorded | {relation.name: relation for relation in _carried(night, recorded.values(), revisions)}
    state = [relation for name, relation in relations.items() if name.startswith("state.")]
    then = [record for record in records if record.business_date <= night.business_date]
    if voided:
        relations |= _without_void(night, recorded, counting(then, voided, undone))
    between = intraday_records(home, night.previous or date.min)
    shown = counting(then, voided, undone, night.business_date)
    relations |= {relation.name: relation for relation in raw_relations(home, [*shown, *between], parameters, state)}
    relations |= {relation.name: relation for relation in _standing(night)}
    late = write_late_rows(connection, home, counting(records, voided, undone), parameters, night.state / "late")
    return with_late_rows(list(relations.values()), late), late


def _without_void(night: _Night, recorded: dict[str, Relation], records: list[DeliveryRecord]) -> dict[str, Relation]:
    """The parameters of the night as it would have known them without the nights that were declared void.

    Args:
        records: the deliveries up to the night that count.
    """
    parameters, sources = recorded["run.night"], recorded["run.night_source"]
    (row,) = parameters.rows
    values: Json = dict(zip(parameters.columns, row, strict=True))
    values |= {
        "previous_business_date": night.previous,
        "is_first_night": night.previous is None,
        "is_void": night.is_void,
    }
    now = {
        parameters.name: replace(parameters, rows=(tuple(values.values()),)),
        sources.name: sources_now(night.home, sources, records, night.business_date, is_void=night.is_declared_void),
    }
    for day in night.passed:
        for relation in read_inputs(night.home, day):
            if relation.name in _LEFT and relation.name in recorded:
                known = now.get(relation.name, recorded[relation.name])
                files = {file.path: file for file in (*relation.files, *known.files)}
                rows = dict.fromkeys((*relation.rows, *known.rows))
                now[relation.name] = replace(known, files=tuple(files.values()), rows=tuple(rows))
    return now


def _parameters(night: _Night, relation: Relation) -> NightParameters:
    """The parameters of the night as they were recorded, with what was declared void since."""
    (row,) = relation.rows
    values: Json = dict(zip(relation.columns, row, strict=True))
    return NightParameters(
        business_date=date.fromisoformat(values["business_date"]),
        cut_off_at=datetime.fromisoformat(values["cut_off_at"]),
        previous_business_date=night.previous,
        is_void=night.is_void,
        home_name=values["home_name"],
    )


def _carried(night: _Night, recorded: Iterable[Relation], revisions: dict[date, int]) -> list[Relation]:
    """The latest state of the night before, without what is computed again."""
    handed_on: dict[str, InputFile] = {}
    if night.previous is not None:
        handed_on = _handed_on(night.home, night.previous, revisions)
        if between := [day for day in night.order.voided if night.previous < day < night.business_date]:
            by_void = _handed_on(night.home, max(between), revisions)
            handed_on |= {name: by_void[name] for name in map(_file_of, OF_VOID) if name in by_void}
    carried = []
    for relation in recorded:
        schema, _, table = relation.name.partition(".")
        if schema != "state":
            continue
        name = _file_of(table)
        is_read = table not in recomputed_tables() and name in handed_on
        files = (handed_on[name],) if is_read else ()
        carried.append(Relation(relation.name, relation.columns, files))
    return carried


def _handed_on(home: Home, business_date: date, revisions: dict[date, int]) -> dict[str, InputFile]:
    """The files of the latest state of a night, by name."""
    revision = revisions.get(business_date, latest_revision(home, business_date))
    folder = state_directory(home, business_date, revision)
    published = read_manifest(home, business_date, revision)["state"]
    return {name: InputFile(folder / name, sha256) for name, sha256 in published.items()}


def _file_of(table: str) -> str:
    return f"{table}.parquet"


def _standing(night: _Night) -> list[Relation]:
    """The decisions and orders of the first publication; they replace the models that would decide other orders now."""
    columns = {model.name: model.columns for model in night.logic.models}
    orders = [
        Relation(f"{MODELS}.{table}", columns[table], (_published(night, table),))
        for table in STANDING
        if table in columns
    ]
    return [*orders, standing_relation((_published(night, DECISIONS),))]


def _published(night: _Night, table: str) -> InputFile:
    """A mart of the night's first publication."""
    name = f"marts/{table}.parquet"
    return InputFile(publication_directory(night.home, night.business_date) / name, night.first["files"][name])


# --- what a night that was declared void hands on ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Handed:
    """A table that a void night hands on: the query of its ordered rows."""

    name: str
    query: str


# The account as the night before handed it on; its last change is the one that the void night decided.
_ACCOUNT = """
    select carried.* replace (
        case when moved.account_key is null then carried.change_date else date '{night}' end as change_date,
        case when moved.account_key is null then carried.change_minor else moved.change_minor end as change_minor,
        case when moved.account_key is null then carried.change_reason_codes else moved.reason_codes end as change_reason_codes,
        case when moved.account_key is null then carried.change_sha256 else moved.decision_sha256 end as change_sha256
    )
    from state.account as carried
    left join (
        select account_key, decision_sha256, cast(recommended_limit_amount * 100 as bigint) as change_minor,
            concat_ws(',', reason_code_1, reason_code_2, reason_code_3, reason_code_4) as reason_codes
        from release.standing_decision where action in ('UP', 'DOWN')
    ) as moved on carried.account_key = moved.account_key
    order by carried.account_key
"""
# What an order of the void night took comes back up to the limit that the night before knew: the void night's own figures
# may be wrong.
_OWED = """
    select account_key, max(restated_limit_minor) as restated_limit_minor
    from (
        select account_key, restated_limit_minor from state.restated_limit
        union all
        select account_key, least(taken.old_limit_minor, greatest(carried.limit_minor, carried.recommended_minor))
        from (
            select account_key, arg_min(old_limit_minor, sequence) as old_limit_minor,
                arg_max(new_limit_minor, sequence) as new_limit_minor
            from void_order group by account_key
        ) as taken
        inner join state.account as carried using (account_key)
        where taken.new_limit_minor < least(taken.old_limit_minor, greatest(carried.limit_minor, carried.recommended_minor))
    )
    group by account_key
    order by account_key
"""


def _lay_handed(connection: duckdb.DuckDBPyConnection, night: _Night, inputs: list[Relation]) -> list[_Handed]:
    """What the night hands on because it was declared void; nothing if its code carried no such tables."""
    laid = {relation.name for relation in inputs}
    if not night.is_declared_void or not {f"state.{table}" for table in OF_VOID} <= laid:
        return []
    orders = [
        kept_orders(night.home, record)
        for record in records_since(night.home, "limit_adjustments", night.business_date)
        if record["business_date"] == str(night.business_date)
    ]
    columns = "sequence, account_key, old_limit_minor, new_limit_minor"
    left = (
        f"from read_parquet([{', '.join(map(path_to_read, orders))}])" if orders else "from release.adjustment limit 0"
    )
    connection.execute(f"create temporary table void_order as select {columns} {left}")
    return [_Handed("account", _ACCOUNT.format(night=night.business_date)), _Handed("restated_limit", _OWED)]


# --- what changed -----------------------------------------------------------------------------------------------------


def _compare(
    connection: duckdb.DuckDBPyConnection, night: _Night, customers: Collection[int], handed: list[_Handed]
) -> dict[str, int]:
    """Write the state of the restated night, and the difference to the published one. Returns: changed rows by table."""
    lay_affected(connection, customers)
    published = [
        Compared(table.name, table.key, f"select * from {table.name}", _standing_mart(night, table.name))
        for table in night.tables("dim_", "fct_", "mon_", "rpt_")
    ]
    before = state_directory(night.home, night.business_date, night.standing)
    carried = [
        Compared(f"state {table.name}", table.key, carried_rows(table), before / f"{table.name}.parquet")
        for table in night.logic.carried
        if not night.is_void
    ]
    handed_before = [
        Compared(f"state {table.name}", ("account_key",), table.query, before / _file_of(table.name))
        for table in handed
        if night.standing and (before / _file_of(table.name)).is_file()
    ]
    changed = {}
    for table in [*published, *carried, *handed_before]:
        if not (rows := note_difference(connection, table)):
            continue
        changed[table.name] = rows
        # a void night may have changed anybody
        if night.order.kind != VOID and (unconcerned := find_unconcerned(connection, table)):
            raise RestatementRefused(
                f"night {night.business_date}: {unconcerned.table}, {unconcerned.row_key} would change, and nothing that became"
                " known touches this customer: a rule that binds customers together (a budget, drift, the mass guard)"
                " moved; nothing was published. Restate from a later night, or leave the past and correct the present"
            )
        if table in published:
            note_cells(connection, night.business_date, table)
    state = {table.name: carried_rows(table) for table in night.logic.carried if not night.is_void}
    for name, rows_of in (state | {table.name: table.query for table in handed}).items():
        write_parquet(connection, rows_of, night.state / _file_of(name))
    return changed


def _standing_mart(night: _Night, table: str) -> Path:
    return published_mart(night.home, night.business_date, table, night.standing)


# --- what is published ------------------------------------------------------------------------------------------------


def _publish(connection: duckdb.DuckDBPyConnection, night: _Night, revisions: dict[date, int], seconds: float) -> int:
    """Write the publication under another name and move it to its place. Returns: how many cells differ."""
    home = night.home
    staged_home = clear_directory(home.warehouse / "publication")
    staged = clear_directory(staged_home / "published" / str(night.business_date) / night.target.name)
    tables = night.tables("dim_", "fct_", "mon_", "rpt_")
    rows = export_marts(connection, tables, staged / "marts")
    write_night_reports(connection, night.business_date, night.tables("rpt_"), staged / "reports", night.revision)
    _judge(connection, night, staged / "evidence")
    cells = write_difference(connection, staged)
    run_id = uuid.uuid4().hex
    write_seconds(staged, run_id, night.business_date, night.revision, {"restate": seconds})
    nights = published_nights(home, revisions)
    write_marts_database(staged / "marts.duckdb", home, [table.name for table in tables], nights, staged_home)
    _write_manifest(connection, night, staged, rows, revisions)
    engine = f"{night.logic.engine} {duckdb.__version__}"
    write_run(home, staged, run_id, night.business_date, night.revision, engine)
    place_publication(staged, night.target)
    return cells


def _judge(connection: duckdb.DuckDBPyConnection, night: _Night, evidence: Path) -> None:
    """The gate before publication, as for any night, over copies of the marts."""
    database = night.home.warehouse / "restated_marts.duckdb"
    database.unlink(missing_ok=True)
    connection.execute(f"attach {path_to_write(database)} as judged")
    for table in mart_suites():
        connection.execute(f"create table judged.main.{table} as from {table}")
    connection.execute("detach judged")
    judge_marts(night.home, night.business_date, database, evidence)
    database.unlink()


def _write_manifest(
    connection: duckdb.DuckDBPyConnection,
    night: _Night,
    staged: Path,
    rows: dict[str, int],
    revisions: dict[date, int],
) -> None:
    home = night.home
    before = last_published(home, night.business_date)
    manifest = night.first | {
        "revision": night.revision,
        "is_void": night.is_void,
        "previous_business_date": str(night.previous) if night.previous else None,
        "restatement": night.order.as_json(),
        "superseded_manifest_sha256": _manifest_sha256(home, night.business_date, night.standing),
        "previous_manifest_sha256": before
        and _manifest_sha256(home, before, revisions.get(before, latest_revision(home, before))),
        "rows": rows,
        "checks": edit_checks(connection),
        "state": digests(night.state),
        "files": manifest_files(staged),
    }
    (staged / MANIFEST).write_bytes(canonical_json(manifest))
    sign_file(home, staged / MANIFEST)


def _manifest_sha256(home: Home, business_date: date, revision: int) -> str:
    return sha256_of(publication_directory(home, business_date, revision) / MANIFEST)
