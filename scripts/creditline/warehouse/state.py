"""Carried state: what a night hands to the next, one table a kind, immutable Parquet a night.

Which tables, and with which columns, dbt's properties say of the models that make them, under `meta.carried`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import duckdb

from creditline.home import Home
from creditline.home.publications import latest_revision, read_manifest, state_directory
from creditline.home.restatements import voided_dates
from creditline.store.inputs import InputFile, Relation
from creditline.store.parquet import write_parquets
from creditline.warehouse.properties import described_models


@dataclass(frozen=True)
class StateTable:
    """One table of `state/business_date=<date>/`: rows of `model`, sorted by `key`, columns with their DuckDB types."""

    name: str
    model: str
    key: tuple[str, ...]
    columns: dict[str, str]


# What a night that two people declared void hands on: its orders left, so the next night must know what they moved and took.
OF_VOID = ("account", "restated_limit")
_CARRIED_BY = ("decision/7_state", "features/carried")


@dataclass(frozen=True)
class _Carried:
    """A table that a night carries, and what holds of it (models/decision/7_state/_models.yml tells the words)."""

    table: StateTable
    of_windows: bool
    is_belief: bool
    starts_empty: bool


@cache
def _carried() -> tuple[_Carried, ...]:
    found = []
    for model in (model for folder in _CARRIED_BY for model in described_models(folder)):
        meta = model["config"]["meta"]
        said = {"of_windows": False, "is_belief": False, "starts_empty": False} | meta["carried"]
        columns = {column["name"]: column["data_type"] for column in model["columns"]}
        found.append(_Carried(StateTable(said.pop("as"), model["name"], tuple(meta["key"]), columns), **said))
    return tuple(found)


@cache
def state_tables() -> tuple[StateTable, ...]:
    """Every table that a night carries over, in a fixed order."""
    return tuple(carried.table for carried in _carried())


def recomputed_tables() -> frozenset[str]:
    """Tables of features that raw alone tells: left out, a night computes them anew and equal to what it would carry on."""
    return frozenset(carried.table.name for carried in _carried() if carried.of_windows and not carried.is_belief)


def state_file(home: Home, business_date: date, table: str, revision: int | None = None) -> Path:
    """Where one publication of a night keeps one table of carried state, the latest without a revision."""
    chosen = latest_revision(home, business_date) if revision is None else revision
    return state_directory(home, business_date, chosen) / f"{table}.parquet"


def state_relations(home: Home, previous: date | None, business_date: date) -> list[Relation]:
    """`state.<table>`: what the valid night before carried over to a night, empty on the first night.

    Each file has the sha256 that the night before published, not the one that it has now.
    """
    nights = {table.name: handing_night(home, table.name, previous, business_date) for table in state_tables()}
    published = {night: read_manifest(home, night)["state"] for night in set(nights.values()) if night}
    return [
        Relation(
            f"state.{carried.table.name}",
            carried.table.columns,
            _state_files(home, nights[carried.table.name], carried, published),
        )
        for carried in _carried()
    ]


def handing_night(home: Home, table: str, previous: date | None, business_date: date) -> date | None:
    """The night whose state of a table a night reads.

    Args:
        previous: the valid night before.
    """
    if previous is None or table not in OF_VOID:
        return previous
    return max((day for day in voided_dates(home) if previous < day < business_date), default=previous)


def _state_files(
    home: Home, previous: date | None, carried: _Carried, digests: dict[date, dict[str, str]]
) -> tuple[InputFile, ...]:
    if previous is None:
        return ()
    published = digests[previous]
    file = state_file(home, previous, carried.table.name)
    if (carried.of_windows or carried.starts_empty) and file.name not in published:
        return ()
    return (InputFile(file, published[file.name]),)


def has_carried_features(state: list[Relation]) -> bool:
    """Whether the night before carried over every table that windows of features go on from."""
    names = {f"state.{carried.table.name}" for carried in _carried() if carried.of_windows}
    return names <= {relation.name for relation in state if relation.files}


def carried_rows(table: StateTable) -> str:
    """The query whose ordered rows a night carries over in one table."""
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in table.columns.items())
    return f"select {columns} from {table.model} order by {', '.join(table.key)}"


def export_state(connection: duckdb.DuckDBPyConnection, home: Home, business_date: date) -> None:
    """Write every table that tonight carries over from its model in the built warehouse."""
    write_parquets(
        connection, {state_file(home, business_date, table.name): carried_rows(table) for table in state_tables()}
    )
