"""Runs nights of a hostile book twice, with carried state and with everything recomputed, and compares every feature.

dbt builds the first night; every further one runs the SQL that dbt compiled, in one process: `scripts/evaluate carried-state --nights 180 --customers 150 --seed 1`.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb
from feature_fixtures import FEATURES_AND_FACTS, build_models, features_by_customer, lay_maintenance, lay_table
from feature_reference import Reference
from hostile_nights import FIRST, HostileBook, book_of_night, hostile_book

from creditline.home import Home, HomeSettings, create_home
from creditline.landing.contract import contract
from creditline.landing.rawtypes import raw_columns
from creditline.policy.calendar import Timetable
from creditline.store.inputs import InputFile, Relation, lay
from creditline.store.record import DeliveryRecord, SourceRecord
from creditline.warehouse.sources import (
    SECURITY_COLUMNS,
    NightParameters,
    night_sources,
    raw_relations,
    run_relations,
)
from creditline.warehouse.state import state_tables

# What raw alone cannot tell: both ways of a night are given it.
_KNOWLEDGE = ("account", "reference_limit_step", "blocked_day")
_TABLES = tuple(table for table in state_tables() if table.model.startswith("ftr_"))
_COMPARED = tuple(table for table in _TABLES if table.name not in _KNOWLEDGE)


@dataclass
class Outcome:
    """What a run of the chain found."""

    nights: int = 0
    customers: int = 0
    values: int = 0
    differences: list[str] = field(default_factory=list)
    referenced_nights: int = 0
    # CPU seconds (a busy machine changes them least) of the nights that opened no dense history, and of those that did
    seconds: dict[bool, list[float]] = field(default_factory=lambda: {False: [], True: []})


class Chain:
    """A home of raw files and one warehouse in which a night is run either way."""

    def __init__(self, root: Path, book: HostileBook) -> None:
        self.book, self.outcome = book, Outcome()
        self.home = create_home(root / "home", HomeSettings(name="chain", is_demo=True))
        self.file = root / "warehouse.duckdb"
        self.previous: date | None = None
        self.records = self._deliver(root)

    def _deliver(self, root: Path) -> list[DeliveryRecord]:
        """Write the raw files of all deliveries; the house learns of each with its night."""
        entries: dict[date, list[SourceRecord]] = {day: [] for day in self.book.deliveries}
        with duckdb.connect() as connection:
            for (delivery, source, night), rows in self.book.rows.items():
                path = self.home.raw / source / f"business_date={night}" / f"{self.book.batch(delivery)}.parquet"
                path.parent.mkdir(parents=True, exist_ok=True)
                lay_table(connection, "delivered", raw_columns(contract()[source]), rows, root)
                connection.execute(f"copy delivered to '{path}' (format parquet)")
                connection.execute("drop table delivered")
                entries[delivery].append(_entry(self.home, source, path, night if night != delivery else None))
        return [
            DeliveryRecord("core", number, day, "", f"{day}T20:00:00Z", f"{day}T21:00:00Z", tuple(entries[day]))
            for number, day in enumerate(self.book.deliveries, start=1)
        ]

    def run(self, *, reference_every: int) -> Outcome:
        """Run every night both ways and compare; each so many nights with the independent reference too."""
        for number, night in enumerate(self.book.nights):
            if number == 0:
                self._begin(night)
            with duckdb.connect(str(self.file)) as connection:
                self._run_night(connection, night, is_referenced=number % reference_every == reference_every - 1)
            self.previous = night
        return self.outcome

    def _begin(self, night: date) -> None:
        """Let dbt build the first night, and keep its SQL."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("create schema carried")
            connection.execute("create schema policy")
            lay(connection, [Relation("release.security_order", SECURITY_COLUMNS)])
            lay_maintenance(connection, book_of_night(self.book, night, None))
            for table in state_tables():
                columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
                connection.execute(f"create table carried.{table.name} ({columns})")
            self._lay(connection, night, is_carried=False)
        nodes = {node.unique_id: node for node in build_models(self.file, "+path:models/features")}
        tables = {key: node for key, node in nodes.items() if node.resource_type == "model"}
        order = TopologicalSorter({key: set(node.depends_on.nodes) & tables.keys() for key, node in tables.items()})
        self.statements = [
            f"create or replace table {tables[key].name} as {tables[key].compiled_code}"
            for key in order.static_order()
            if tables[key].config.materialized == "table"
        ]

    def _run_night(self, connection: duckdb.DuckDBPyConnection, night: date, *, is_referenced: bool) -> None:
        is_first = self.previous is None
        self._lay(connection, night, is_carried=False)
        self._execute(connection)
        connection.execute(f"create or replace table recomputed as {FEATURES_AND_FACTS}")
        for table in _COMPARED:
            connection.execute(f"create or replace table recomputed_{table.name} as select * from {table.model}")
        began = time.process_time()
        self._lay(connection, night, is_carried=not is_first)
        self._execute(connection)
        seconds = time.process_time() - began
        is_opened = connection.execute("select count(*) > 0 from raw.account_snapshot_history").fetchone()[0]
        self.outcome.seconds[is_opened].append(seconds)
        connection.execute(f"create or replace table carried_on as {FEATURES_AND_FACTS}")
        self._compare(connection, night)
        if is_referenced:
            self._compare_reference(connection, night)
        self._carry_over(connection, night)

    def _lay(self, connection: duckdb.DuckDBPyConnection, night: date, *, is_carried: bool) -> None:
        """Lay a night as the product does, but for state: with everything, or with what raw alone cannot tell."""
        for schema in ("raw", "run", "state"):
            connection.execute(f"drop schema if exists {schema} cascade")
        connection.execute("create schema state")
        for table in state_tables():
            kept = "" if is_carried or table.name in _KNOWLEDGE else " where false"
            connection.execute(f"create table state.{table.name} as select * from carried.{table.name}{kept}")
        parameters = NightParameters(night, self.home.cut_off_at(night), self.previous, False, "chain")
        sources = night_sources(self.home, self.records, night, Timetable({}, frozenset()))
        lay(connection, run_relations(parameters, sources))
        lay(connection, raw_relations(self.home, self.records, parameters, self._state(connection, is_carried)))
        if not is_carried:
            _read_once(connection)

    def _state(self, connection: duckdb.DuckDBPyConnection, is_carried: bool) -> list[Relation]:
        """The state of the night as the product describes it."""
        relations = []
        for table in state_tables():
            file = InputFile(self.file.parent / f"{table.name}.parquet", "")
            if is_carried:
                connection.execute(f"copy state.{table.name} to '{file.path}' (format parquet)")
            relations.append(Relation(f"state.{table.name}", table.columns, (file,) if is_carried else ()))
        return relations

    def _execute(self, connection: duckdb.DuckDBPyConnection) -> None:
        for statement in self.statements:
            connection.execute(statement)

    def _compare(self, connection: duckdb.DuckDBPyConnection, night: date) -> None:
        pairs = {"features": ("recomputed", "carried_on")}
        pairs |= {table.name: (f"recomputed_{table.name}", table.model) for table in _COMPARED}
        for name, (left, right) in pairs.items():
            for kind, one, other in (("recomputed", left, right), ("carried", right, left)):
                rows = connection.execute(f"select * from {one} except all select * from {other} limit 3").fetchall()
                self.outcome.differences += [f"night {night}, {name}, only {kind}: {row}" for row in rows]
        rows = connection.execute("select * from carried_on").fetchall()
        self.outcome.nights += 1
        self.outcome.customers = max(self.outcome.customers, len(rows))
        self.outcome.values += sum(len(row) - 1 for row in rows)

    def _compare_reference(self, connection: duckdb.DuckDBPyConnection, night: date) -> None:
        book = book_of_night(self.book, night, self.previous)
        sources = connection.execute("select source, coverage_from_date from run.night_source").fetchall()
        book.coverage = {source: day for source, day in sources if day is not None}
        book.reference_minor = dict(
            connection.execute("select account_key, reference_limit_minor from state.account").fetchall()
        )
        for customer, day, minor in connection.execute(
            "select * from state.reference_limit_step order by customer_key, from_date"
        ).fetchall():
            book.reference_steps.setdefault(customer, []).append((day, minor))
        book.blocked = set(connection.execute("select customer_key, blocked_date from state.blocked_day").fetchall())
        built, expected = features_by_customer(connection), Reference(book).features()
        self.outcome.referenced_nights += 1
        if built.keys() != expected.keys():
            self.outcome.differences.append(
                f"night {night}: customers {sorted(built.keys() ^ expected.keys())} on one side"
            )
        self.outcome.differences += [
            f"night {night}, customer {key}, {name}: {built[key][name]} built, {value} by the reference"
            for key, row in expected.items()
            for name, value in row.items()
            if key in built and built[key][name] != value
        ]

    def _carry_over(self, connection: duckdb.DuckDBPyConnection, night: date) -> None:
        """Hand the built tables to the next night; limits are approved and customers blocked as the book says."""
        for table in _TABLES:
            columns = ", ".join(table.columns)
            connection.execute(f"create or replace table carried.{table.name} as select {columns} from {table.model}")
        approved = ", ".join(f"({key}, {minor})" for key, minor in self.book.approved.get(night, {}).items())
        connection.execute(f"""
            create or replace table carried.account as
            select before.* replace (account_key as account_key, customer_key as customer_key,
                coalesce(approved.minor, tonight.reference_limit_minor, before.reference_limit_minor)
                    as reference_limit_minor)
            from carried.account as before
            full outer join ftr_reference_limit as tonight using (account_key, customer_key)
            left join (values {approved or "(0, 0)"}) as approved(account_key, minor) using (account_key)
        """)
        for customer in sorted(self.book.blocked.get(night, set())):
            connection.execute("insert into carried.blocked_day values (?, ?)", [customer, night])


def _entry(home: Home, source: str, path: Path, corrects: date | None) -> SourceRecord:
    return SourceRecord(
        source=source, file=path.name, file_sha256="", verdict="pass", reasons=(), delivered_rows=0, accepted_rows=0,
        quarantined_rows=0, delivered_totals={}, accepted_totals={}, quarantined_totals={},
        coverage_from=FIRST - timedelta(days=400), corrects_business_date=corrects,
        raw_file=str(path.relative_to(home.root)), raw_sha256="",
    )  # fmt: skip


def _read_once(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables instead of views over every raw file, so that a model does not open them all again."""
    views = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'raw' and table_type = 'VIEW'"
    ).fetchall()
    for (name,) in views:
        connection.execute(f"create table raw.{name}_read as select * from raw.{name}")
        connection.execute(f"drop view raw.{name}")
        connection.execute(f"alter table raw.{name}_read rename to {name}")


def run_chain(root: Path, *, seed: int, customers: int, nights: int, pace: str, reference_every: int) -> Outcome:
    """Run a hostile book night by night both ways."""
    book = hostile_book(seed=seed, customers=customers, nights=nights, pace=pace)
    return Chain(root, book).run(reference_every=reference_every)


def main() -> int:
    """Run the chain and print a closing table. Returns: 1 where anything differs."""
    parser = argparse.ArgumentParser(prog="scripts/evaluate carried-state", description=__doc__)
    parser.add_argument("--nights", type=int, default=180)
    parser.add_argument("--customers", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", choices=["daily", "irregular"], default="daily")
    parser.add_argument("--reference-every", type=int, default=30)
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}, started {datetime.now():%H:%M:%S}", flush=True)
    with TemporaryDirectory() as root:
        outcome = run_chain(
            Path(root),
            seed=chosen.seed,
            customers=chosen.customers,
            nights=chosen.nights,
            pace=chosen.pace,
            reference_every=chosen.reference_every,
        )
    for name, value in (
        ("nights", outcome.nights),
        ("nights compared with the reference too", outcome.referenced_nights),
        ("customers on one night, at most", outcome.customers),
        ("values compared", outcome.values),
        ("differences", len(outcome.differences)),
        *_seconds("without", outcome.seconds[False]),
        *_seconds("with", outcome.seconds[True]),
    ):
        print(f"{name:<60} {value}")
    for line in outcome.differences[:20]:
        print(line)
    return 1 if outcome.differences else 0


def _seconds(kind: str, seconds: list[float]) -> list[tuple[str, str]]:
    """CPU seconds a night among the first and the last quarter of nights of one kind, or nothing where they are few."""
    quarter = len(seconds) // 4
    if not quarter:
        return []
    ends = (("first", seconds[:quarter]), ("last", seconds[-quarter:]))
    return [
        (f"CPU seconds a night {kind} dense history, {name} {quarter} (median)", f"{median(values):.3f}")
        for name, values in ends
    ]


if __name__ == "__main__":
    raise SystemExit(main())
