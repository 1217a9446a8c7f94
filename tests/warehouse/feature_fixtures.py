"""A random book laid as dbt sources, and the features that the project's SQL makes of it.

A book is plain rows (dicts) a landing source with the columns of a raw file, all versions as they became known.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from creditline.landing.contract import contract
from creditline.landing.rawtypes import raw_columns
from creditline.warehouse.dbt import PROJECT_DIR
from creditline.warehouse.state import state_tables

Row = dict[str, object]


@dataclass
class Book:
    """One night's inputs. `coverage` holds the first covered date of a source; one that is absent is MISSING."""

    night: date
    cut_off: datetime
    coverage: dict[str, date]
    raw: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in contract()})
    reference_minor: dict[int, int] = field(default_factory=dict)

    def deliver(self, source: str, day: date, known_at: datetime, **values: object) -> None:
        """Add one row; its place in the file is its place in the list."""
        rows = self.raw[source]
        batch = f"core-{day:%Y%m%d}"
        place = {"business_date": day, "batch_id": batch, "known_at": known_at, "source_row": len(rows) + 1}
        rows.append(place | values)


def lay(book: Book, file: Path) -> None:
    """Write the book into a scratch warehouse as the schemas raw, run and state."""
    with duckdb.connect(str(file)) as connection:
        for schema in ("raw", "run", "state"):
            connection.execute(f"create schema {schema}")
        for source in contract().values():
            _lay_table(connection, f"raw.{source.name}", raw_columns(source), book.raw[source.name], file.parent)
        for table in state_tables():
            carried = [
                {"account_key": key, "customer_key": key // 10, "reference_limit_minor": minor}
                for key, minor in book.reference_minor.items()
            ]
            rows = carried if table.name == "account" else []
            _lay_table(connection, f"state.{table.name}", table.columns, rows, file.parent)
        connection.execute(
            "create table run.night as select ?::date as business_date, ?::timestamp as cut_off_at,"
            " null::date as previous_business_date, true as is_first_night, false as is_void, 'test' as home_name",
            [book.night, book.cut_off],
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


def _lay_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: list[Row], scratch: Path
) -> None:
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


def build_models(file: Path, select: str) -> None:
    """Run the selected models and seeds against a laid warehouse; an error of dbt is an AssertionError."""
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


def read_rows(file: Path, relation: str, key: str) -> dict[int, Row]:
    """Rows of a built relation by their key."""
    with duckdb.connect(str(file), read_only=True) as connection:
        result = connection.execute(f"select * from {relation}")
        names = [column[0] for column in result.description]
        return {row[key]: row for row in (dict(zip(names, values, strict=True)) for values in result.fetchall())}


def days_before(night: date, count: int) -> date:
    """The date `count` days before the night."""
    return night - timedelta(days=count)


def seeded(seed: int) -> random.Random:
    """A stream of choices that is the same on every run."""
    return random.Random(seed)
