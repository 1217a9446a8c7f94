"""Carried state: what a night hands to the next, one table a kind, immutable Parquet a night.

A table that a night carries is one entry here: the model that makes it, its key, and its columns.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.publications import read_manifest
from creditline.warehouse.dbt import PROJECT_DIR
from creditline.warehouse.inputs import InputFile, Relation
from creditline.warehouse.parquet import write_parquet


@dataclass(frozen=True)
class StateTable:
    """One table of `state/business_date=<date>/`: rows of `model`, sorted by `key`, columns with their DuckDB types."""

    name: str
    model: str
    key: tuple[str, ...]
    columns: dict[str, str]


@cache
def state_tables() -> tuple[StateTable, ...]:
    """Every table that a night carries over, in a fixed order."""
    return (
        StateTable(
            "account",
            "dec_carried_account",
            ("account_key",),
            {
                "account_key": "bigint",
                "customer_key": "bigint",
                "reference_limit_minor": "bigint",
                "recommended_minor": "bigint",
                "limit_minor": "bigint",
                "limit_since_date": "date",
                "is_overlaid": "boolean",
                "pending_minor": "bigint",
                "pending_since_date": "date",
                "pending_effective_date": "date",
            },
        ),
        StateTable(
            "customer",
            "dec_carried_customer",
            ("customer_key",),
            {"customer_key": "bigint", **dict.fromkeys((*scored_features(), "bureau_has_new_default"), "bigint")},
        ),
        StateTable(
            "confirmation",
            "dec_carried_confirmation",
            ("customer_key", "pack"),
            {
                "customer_key": "bigint",
                "pack": "varchar",
                "policy_version": "varchar",
                "reference_limit_minor": "bigint",
                "smoothed_milli": "bigint[]",
                **{f"{feature}_points": "bigint" for feature in scored_features()},
            },
        ),
        StateTable(
            "trigger",
            "dec_carried_trigger",
            ("customer_key", "pack", "trigger_code"),
            {
                "customer_key": "bigint",
                "pack": "varchar",
                "trigger_code": "varchar",
                "triggered_date": "date",
                "last_hit_date": "date",
                "nights_in_a_row": "bigint",
                "is_held": "boolean",
                "clean_since_date": "date",
                "is_inherited": "boolean",
                "reason_code": "varchar",
                "feature": "varchar",
            },
        ),
        StateTable(
            "freeze",
            "dec_carried_freeze",
            ("customer_key", "pack"),
            {
                "customer_key": "bigint",
                "pack": "varchar",
                "frozen_since_date": "date",
                "frozen_at": "timestamp",
                "frozen_until_at": "timestamp",
                "extension_count": "bigint",
                "reason_code": "varchar",
            },
        ),
        StateTable(
            "slice",
            "dec_carried_slice",
            ("slice_code", "business_date"),
            {"slice_code": "varchar", "business_date": "date", "account_count": "bigint", "down_count": "bigint"},
        ),
    )


@cache
def scored_features() -> tuple[str, ...]:
    """Features that a scorecard may use, in the order of seeds/feature.csv."""
    with (PROJECT_DIR / "seeds" / "feature.csv").open(newline="") as stream:
        return tuple(row["feature"] for row in csv.DictReader(stream) if row["role"] == "credit")


def state_file(home: Home, business_date: date, table: str) -> Path:
    """Where one night keeps one table of carried state."""
    return home.state / f"business_date={business_date}" / f"{table}.parquet"


def state_relations(home: Home, previous: date | None) -> list[Relation]:
    """`state.<table>`: what the valid night before carried over, empty on the first night.

    Each file has the sha256 that the night before published, not the one that it has now.
    """
    published = read_manifest(home, previous)["state"] if previous else {}
    return [
        Relation(f"state.{table.name}", table.columns, _state_files(home, previous, table, published))
        for table in state_tables()
    ]


def _state_files(
    home: Home, previous: date | None, table: StateTable, published: dict[str, str]
) -> tuple[InputFile, ...]:
    if previous is None:
        return ()
    file = state_file(home, previous, table.name)
    return (InputFile(file, published[file.name]),)


def carried_rows(table: StateTable) -> str:
    """The query whose ordered rows a night carries over in one table."""
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in table.columns.items())
    return f"select {columns} from {table.model} order by {', '.join(table.key)}"


def export_state(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> None:
    """Write every table that tonight carries over from its model in the built warehouse."""
    for table in state_tables():
        target = state_file(home, business_date, table.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(connection, carried_rows(table), target)
