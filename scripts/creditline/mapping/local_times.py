"""Times of an extract without a zone are local times: each becomes the instant at which the clocks of its zone showed it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from creditline.home.database import one_row
from creditline.landing.contract import contract
from creditline.landing.delivery import text_of

# The offset before a change of the clocks is that of the day before, the one after it that of the day after.
_INSTANT = (
    "{value} - (timezone('{zone}', timezone('{zone}', {value} {sign} interval 1 day))"
    " - timezone('UTC', timezone('{zone}', {value} {sign} interval 1 day)))"
)
_IS_SHOWN = "timezone('{zone}', timezone('UTC', {instant})) = {value}"
_IS_IN_REACH = "{value} between timestamp '1800-01-01' and timestamp '2200-01-01'"


@dataclass(frozen=True)
class LocalTimes:
    """What became of times without a zone.

    Args:
        zone: whose local times they were taken for.
        is_stated: by the map; if not, it is the home's own zone.
        columns: where they stood, as `source.column`.
        twice: how many the clocks showed twice, when they were set back: the first of both instants was taken.
        never: how many the clocks never showed, when they were set forward: each is landed as no time, for quarantine.
    """

    zone: str
    is_stated: bool
    columns: tuple[str, ...]
    twice: int
    never: int


@contextmanager
def session_zone(connection: duckdb.DuckDBPyConnection, zone: str) -> Iterator[None]:
    """Within, a time without a zone that is cast to one with a zone is a local time of this one."""
    before = one_row(connection.execute("select current_setting('TimeZone')"))[0]
    connection.execute(f"set timezone = '{zone}'")
    try:
        yield
    finally:
        connection.execute(f"set timezone = '{before}'")


def naive_columns(connection: duckdb.DuckDBPyConnection, source: str, relation: str) -> tuple[str, ...]:
    """The columns of a landing source that the contract wants as instants and that a map's SQL gives without a zone."""
    types = {row[0]: row[1] for row in connection.execute(f"describe {relation}").fetchall()}
    return tuple(
        column.name
        for column in contract()[source].columns
        if column.type == "timestamp" and types.get(column.name) == "TIMESTAMP"
    )


def to_instants(
    connection: duckdb.DuckDBPyConnection, source: str, relation: str, columns: tuple[str, ...], zone: str
) -> Counter[str]:
    """Spell local times of a table as the contract does, in UTC. Returns how many the clocks showed `twice` and `never`.

    A time that they never showed is written unchanged, with the reason, because no guess of ours may enter a decision.
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
    """SQL of the two instants at which the clocks may have shown a local time, the first one first, and of whether they did."""
    instants = [f"({_INSTANT.format(value=name, zone=zone, sign=sign)})" for sign in "-+"]
    shown = [f"({_IS_SHOWN.format(value=name, zone=zone, instant=instant)})" for instant in instants]
    return instants[0], instants[1], shown[0], shown[1]
