"""Checks of the routing: each product has one pack that decides, and each challenger has a champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from creditline.policy.check_helpers import overlaps
from creditline.policy.rows import AssignmentRow, read_rows

_NEVER = date.max


def validate_assignments(texts: Sequence[Mapping[str, str]]) -> list[str]:
    """Every problem of `assignment.csv`, one line each.

    Cells and single rows come first: while one of them breaks its model, the whole cannot be checked.
    """
    rows, problems = read_rows(AssignmentRow, texts)
    return problems or list(_problems(rows))


def _problems(rows: list[AssignmentRow]) -> Iterator[str]:
    champions = [row for row in rows if row.role == "champion"]
    for row in rows:
        if row.role == "challenger":
            yield from _challenged(row, champions)
    yield from overlaps("assignment.csv", rows, lambda row: f"{row.legal_entity_code}/{row.product_code}/{row.role}")


def _challenged(challenger: AssignmentRow, champions: list[AssignmentRow]) -> Iterator[str]:
    """On every day on which the challenger is in force, a champion with another pack must be in force, too."""
    where = (
        f"assignment.csv: {challenger.legal_entity_code}/{challenger.product_code} {challenger.role} {challenger.pack}"
    )
    covered, end = challenger.effective_from, challenger.effective_to or _NEVER
    above = [row for row in champions if _concerns(row, challenger)]
    for row in sorted(above, key=lambda row: row.effective_from):
        if row.effective_from < end and (row.effective_to or _NEVER) > challenger.effective_from:
            if row.pack == challenger.pack:
                yield f"{where} challenges its own pack"
            if row.effective_from <= covered:
                covered = max(covered, row.effective_to or _NEVER)
    if covered < end:
        yield f"{where}: no champion covers it from {covered}; a challenger needs one"


def _concerns(champion: AssignmentRow, challenger: AssignmentRow) -> bool:
    return champion.legal_entity_code in (challenger.legal_entity_code, "*") and champion.product_code in (
        challenger.product_code,
        "*",
    )
