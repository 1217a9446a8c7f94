"""A random book laid as dbt sources, and the features that the project's SQL makes of it.

A book is plain rows (dicts) a landing source with the columns of a raw file, all versions as they became known.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from creditline.landing.contract import contract
from creditline.landing.rawtypes import raw_columns
from creditline.project import PROJECT_DIR
from creditline.warehouse.sources import SECURITY_COLUMNS
from creditline.warehouse.state import state_tables

Row = dict[str, object]
FLOW = ("customer_key", "flow_date", "direction", "kind")
# By what a file of these sources holds a row once, which staging relies on.
_ONCE_A_FILE = {
    "cash_flow": FLOW,
    "instalment": ("instalment_token",),
    "related_product": ("customer_key", "product_code", "as_of_date"),
    **dict.fromkeys(("loan_application", "profile_change", "session"), ("event_token",)),
}


@dataclass
class Book:
    """One night's inputs. `coverage` holds the first covered date of a source; one that is absent is MISSING."""

    night: date
    cut_off: datetime
    coverage: dict[str, date]
    raw: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in contract()})
    reference_minor: dict[int, int] = field(default_factory=dict)
    # customer key to the nights from which another reference limit held
    reference_steps: dict[int, list[tuple[date, int]]] = field(default_factory=dict)
    blocked: set[tuple[int, date]] = field(default_factory=set)
    # source name (`*` is the whole house), first day, first day after
    maintenance: list[tuple[str, date, date]] = field(default_factory=list)
    previous: date | None = None
    # freezes and restores that left since the night before
    watched: list[Row] = field(default_factory=list)

    def deliver(self, source: str, day: date, known_at: datetime, **values: object) -> None:
        """Add one row; its place in the file is its place in the list. What comes again is of another file."""
        rows = self.raw[source]
        batch = f"core-{day:%Y%m%d}-{len(twins(source, rows, values))}"
        place = {"business_date": day, "batch_id": batch, "known_at": known_at, "source_row": len(rows) + 1}
        rows.append(place | values)


def twins(source: str, rows: list[Row], row: Row) -> list[Row]:
    """The versions of a row among others of its source, where a file can hold one alone."""
    key = _ONCE_A_FILE.get(source)
    return [other for other in rows if all(other[name] == row[name] for name in key)] if key else []


def lay(book: Book, file: Path) -> None:
    """Write the book into a scratch warehouse as a night that nothing was carried over to."""
    with duckdb.connect(str(file)) as connection:
        for schema in ("raw", "run", "state", "policy", "release"):
            connection.execute(f"create schema {schema}")
        for source in contract().values():
            rows = book.raw[source.name]
            if source.name == "account_snapshot":
                rows = [row for row in rows if row["business_date"] == book.night]
            lay_table(connection, f"raw.{source.name}", raw_columns(source), rows, file.parent)
        lay_table(connection, "raw.cash_flow_known", raw_columns(contract()["cash_flow"]), [], file.parent)
        columns = raw_columns(contract()["account_snapshot"])
        lay_table(connection, "raw.account_snapshot_leaving", columns, [], file.parent)
        lay_table(connection, "raw.account_snapshot_trusted", columns, [], file.parent)
        connection.execute("create table run.distrusted_column (source varchar, column_name varchar)")
        lay_table(connection, "raw.account_snapshot_history", columns, book.raw["account_snapshot"], file.parent)
        for table in state_tables():
            lay_table(connection, f"state.{table.name}", table.columns, _carried_rows(book, table.name), file.parent)
        connection.execute("create table run.new_batch (batch_id varchar)")
        connection.execute("create table run.carried_state as select false as is_complete")
        lay_table(connection, "release.security_order", SECURITY_COLUMNS, book.watched, file.parent)
        lay_maintenance(connection, book)
        connection.execute(
            "create table run.night as select ?::date as business_date, ?::timestamp as cut_off_at,"
            " ?::date as previous_business_date, false as is_first_night, false as is_void, 'test' as home_name,"
            " false as is_between_nights",
            [book.night, book.cut_off, book.previous],
        )
        connection.execute(
            "create table run.night_source (source varchar, is_expected boolean, verdict varchar, is_missing boolean,"
            " is_distrusted boolean, coverage_from_date date)"
        )
        for name in contract():
            known = name in book.coverage
            verdict = "pass" if known else "missing"
            row = [name, known, verdict, not known, False, book.coverage.get(name)]
            connection.execute("insert into run.night_source values (?, ?, ?, ?, ?, ?)", row)


def lay_maintenance(connection: duckdb.DuckDBPyConnection, book: Book) -> None:
    """Write the maintenance windows as two packs that overlap would."""
    connection.execute(
        "create table policy.maintenance_window (policy_version varchar, source_name varchar, from_date date,"
        " to_date date, description varchar)"
    )
    for version in ("one", "other"):
        for window in book.maintenance:
            connection.execute("insert into policy.maintenance_window values (?, ?, ?, ?, 'test')", [version, *window])


def _carried_rows(book: Book, table: str) -> list[Row]:
    if table == "account":
        return [
            {"account_key": key, "customer_key": key // 10, "reference_limit_minor": minor}
            for key, minor in book.reference_minor.items()
        ]
    if table == "reference_limit_step":
        return [
            {"customer_key": customer, "from_date": day, "reference_limit_minor": minor}
            for customer, steps in book.reference_steps.items()
            for day, minor in steps
        ]
    if table == "blocked_day":
        return [{"customer_key": customer, "blocked_date": day} for customer, day in sorted(book.blocked)]
    return []


def lay_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[Row], scratch: Path
) -> None:
    """Create a table of plain rows; a column that a row does not have is null."""
    connection.execute(f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})")
    if not rows:
        return
    file = scratch / f"{name}.json"
    file.write_text("\n".join(json.dumps(row, default=str) for row in rows))
    spelt = ", ".join(f"{column}: 'varchar'" for column in columns)
    casts = ", ".join(f"cast({column} as {kind})" for column, kind in columns.items())
    connection.execute(
        f"insert into {name} select {casts} from read_json(?, columns = {{{spelt}}}, format = 'newline_delimited')",
        [str(file)],
    )


def build_models(file: Path, select: str) -> list:
    """Run the selected models and seeds against a laid warehouse; an error of dbt is an AssertionError.

    Returns: the nodes that were built.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    target = file.parent / "dbt"
    places = [
        "--project-dir",
        PROJECT_DIR,
        "--profiles-dir",
        PROJECT_DIR,
        "--target-path",
        target,
        "--log-path",
        target,
    ]
    os.environ["CREDITLINE_WAREHOUSE_FILE"] = str(file)
    try:
        outcome = dbtRunner().invoke(
            ["build", *map(str, places), "--quiet", "--no-print", "--exclude-resource-type", "test", "--select", select]
        )
    finally:
        DuckDBConnectionManager.close_all_connections()
    assert outcome.success, outcome.exception or [result.message for result in outcome.result.results]
    return [result.node for result in outcome.result.results]


FEATURES_AND_FACTS = """
    select ftr_customer.*, repayment.on_time_instalments_90d, repayment.due_instalments_90d,
        bureau.bureau_has_new_default, security.suspicious_events_new
    from ftr_customer
    left join ftr_repayment as repayment using (customer_key)
    left join ftr_bureau as bureau using (customer_key)
    left join ftr_security as security using (customer_key)
"""


def read_features(file: Path) -> dict[int, Row]:
    """Built features and facts by customer key."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return features_by_customer(connection)


def features_by_customer(connection: duckdb.DuckDBPyConnection) -> dict[int, Row]:
    """Built features and facts by customer key."""
    result = connection.execute(FEATURES_AND_FACTS)
    names = [column[0] for column in result.description]
    rows = [dict(zip(names, values, strict=True)) for values in result.fetchall()]
    return {row["customer_key"]: row for row in rows}


def days_before(night: date, count: int) -> date:
    """The date `count` days before the night."""
    return night - timedelta(days=count)


def hex_token(name: str) -> str:
    """A token as acceptance makes one, 32 hex digits, of a name that a reader can tell."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def seeded(seed: int) -> random.Random:
    """A stream of choices that is the same on every run."""
    return random.Random(seed)
