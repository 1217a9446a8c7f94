"""Times without a zone are local times of a zone: each becomes the instant at which the clocks there showed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from creditline.home.database import one_row
from creditline.landing.contract import contract
from creditline.landing.delivery import text_of

# The offset before a change of the clocks is the offset of the day before; the one after it is that of the day after.
_INSTANT = (
    "{value} - (timezone('{zone}', timezone('{zone}', {value} {sign} interval 1 day))"
    " - timezone('UTC', timezone('{zone}', {value} {sign} interval 1 day)))"
)
_IS_SHOWN = "timezone('{zone}', timezone('UTC', {instant})) = {value}"
_IS_IN_REACH = "{value} between timestamp '1800-01-01' and timestamp '2200-01-01'"


@dataclass(frozen=True)
class LocalTimes:
    """How times without a zone were read.

    Args:
        zone: the zone whose local times they are taken to be.
        is_stated: whether the map states the zone; if not, it is the home's own.
        columns: the columns with such times, as `source.column`.
        twice: how many times were shown twice because clocks were set back; the first instant was taken.
        never: how many times were never shown because clocks were set forward; each stays as it is, for quarantine.
    """

    zone: str
    is_stated: bool
    columns: tuple[str, ...]
    twice: int
    never: int


@contextmanager
def session_zone(connection: duckdb.DuckDBPyConnection, zone: str) -> Iterator[None]:
    """Within this context, a time without a zone that is cast to one with a zone is a local time of this zone."""
    before = one_row(connection.execute("select current_setting('TimeZone')"))[0]
    connection.execute(f"set timezone = '{zone}'")
    try:
        yield
    finally:
        connection.execute(f"set timezone = '{before}'")


def naive_columns(connection: duckdb.DuckDBPyConnection, source: str, relation: str) -> tuple[str, ...]:
    """The columns of a source that are instants in the contract and that a map's SQL gives without a zone."""
    types = {row[0]: row[1] for row in connection.execute(f"describe {relation}").fetchall()}
    return tuple(
        column.name
        for column in contract()[source].columns
        if column.type == "timestamp" and types.get(column.name) == "TIMESTAMP"
    )


def to_instants(
    connection: duckdb.DuckDBPyConnection, source: str, relation: str, columns: tuple[str, ...], zone: str
) -> Counter[str]:
    """Write a table's local times as the contract does, in UTC. Returns how many were shown `twice` and `never`.

    A time that clocks never showed stays unchanged, with the reason, because no guess of ours may enter a decision.
    """
    counts: Counter[str] = Counter()
    for name in columns:
        first, last, is_shown, is_shown_last = _candidates(name, zone)
        twice, never = one_row(
            connection.execute(
                f"select count(*) filter ({is_shown} and {is_shown_last} and {first} <> {last}),"
                f" count(*) filter (not {is_shown} and not {is_shown_last})"
                f" from {relation} where {_IS_IN_REACH.format(value=name)}"
            )
        )
        counts.update(twice=twice, never=never)
        column = contract()[source].column(name)
        plain = f"strftime({name}, '%Y-%m-%dT%H:%M:%S')"
        spelt = (
            f"case when {name} is null then null"
            f" when not {_IS_IN_REACH.format(value=name)} then cast({name} as varchar)"
            f" when {is_shown} then {text_of(column, first)} when {is_shown_last} then {text_of(column, last)}"
            f" else concat({plain}, ' (no such time in {zone})') end"
        )
        connection.execute(
            f"create or replace temp table {relation} as select * replace ({spelt} as {name}) from {relation}"
        )
    return counts


def _candidates(name: str, zone: str) -> tuple[str, str, str, str]:
    """SQL of the two instants at which clocks may have shown a local time, in order, and of whether they showed it."""
    instants = [f"({_INSTANT.format(value=name, zone=zone, sign=sign)})" for sign in "-+"]
    shown = [f"({_IS_SHOWN.format(value=name, zone=zone, instant=instant)})" for instant in instants]
    return instants[0], instants[1], shown[0], shown[1]
