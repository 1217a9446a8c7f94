"""Routing: who is decided by which pack, and that a challenger has somebody to challenge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from creditline.policy.check_cells import is_date
from creditline.policy.check_helpers import ends_before_it_starts, overlaps, within
from creditline.policy.packs import Row
from creditline.policy.schema import CODE, PACK_NAME

ROLES = ("champion", "challenger")
_NEVER = "9999-12-31"


def validate_assignments(rows: Sequence[Row]) -> list[str]:
    """Every problem of `assignment.csv`, one line each.

    Cells come first: as long as one is not spelt as it must be, nothing can be said about the whole.
    """
    return list(_cells(rows)) or list(_problems(rows))


def _cells(rows: Sequence[Row]) -> Iterator[str]:
    for number, row in enumerate(rows, start=2):
        where = f"assignment.csv line {number}"
        for column in ("legal_entity_code", "product_code"):
            if row[column] != "*" and not re.fullmatch(CODE, row[column]):
                yield f"{where}: {column} must be * or a code of A-Z a-z 0-9 . _ -, is {row[column]!r}"
        if not re.fullmatch(PACK_NAME, row["pack"]):
            yield f"{where}: pack must be the name of a folder beside it, of a-z 0-9 _ -, is {row['pack']!r}"
        if row["role"] not in ROLES:
            yield f"{where}: role must be champion or challenger, is {row['role']!r}"
        if row["share_bp"] and not re.fullmatch(r"[0-9]{1,5}", row["share_bp"]):
            yield f"{where}: share_bp must be a whole number, is {row['share_bp']!r}"
        if not row["effective_from"]:
            yield f"{where} has no effective_from"
        elif not is_date(row["effective_from"]):
            yield f"{where}: effective_from must be a date like 2026-09-30, is {row['effective_from']!r}"
        if row["effective_to"] and not is_date(row["effective_to"]):
            yield f"{where}: effective_to must be empty or a date like 2026-09-30, is {row['effective_to']!r}"


def _problems(rows: Sequence[Row]) -> Iterator[str]:
    champions = [row for row in rows if row["role"] == "champion"]
    for row in rows:
        where = f"assignment.csv: {row['legal_entity_code']}/{row['product_code']} {row['role']} {row['pack']}"
        yield from ends_before_it_starts(where, row, "effective_from", "effective_to")
        yield from _share(where, row)
        if row["role"] == "challenger":
            yield from _challenged(where, row, champions)
    yield from overlaps("assignment.csv", rows, ("legal_entity_code", "product_code", "role"))


def _share(where: str, row: Row) -> Iterator[str]:
    if (row["role"] == "challenger") != bool(row["share_bp"]):
        yield f"{where}: share_bp belongs to a challenger, and to it alone"
    else:
        yield from within(where, row, "share_bp", 0, 10000)


def _challenged(where: str, challenger: Row, champions: list[Row]) -> Iterator[str]:
    """On every day on which the challenger is in force a champion must be, of another pack."""
    covered, end = challenger["effective_from"], challenger["effective_to"] or _NEVER
    above = [row for row in champions if _concerns(row, challenger)]
    for row in sorted(above, key=lambda row: row["effective_from"]):
        if row["effective_from"] < end and (row["effective_to"] or _NEVER) > challenger["effective_from"]:
            if row["pack"] == challenger["pack"]:
                yield f"{where} challenges its own pack"
            if row["effective_from"] <= covered:
                covered = max(covered, row["effective_to"] or _NEVER)
    if covered < end:
        yield f"{where}: no champion covers it from {covered}; a challenger needs one"


def _concerns(champion: Row, challenger: Row) -> bool:
    return all(champion[column] in (challenger[column], "*") for column in ("legal_entity_code", "product_code"))
