"""Recognise a CSV file that a spreadsheet saved: it spells days, amounts and ids as people read them, and loses digits."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from creditline.home.database import one_row
from creditline.landing.contract import Source
from creditline.landing.typing import SCIENTIFIC, TypeRule

ADVICE = (
    "export the file from the source system as UTF-8 CSV with every column as text, and do not open and save it in a"
    " spreadsheet: digits that it dropped cannot be brought back"
)
_CLOCK = r"( \d{1,2}:\d{2}(:\d{2})?( ?[AP]M)?)?"
_DAY = (
    r"(\d{1,4}[/.]\d{1,2}[/.]\d{1,4}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}-[A-Za-z]{3}-\d{2,4}|\d{4}年\d{1,2}月\d{1,2}日)"
    + _CLOCK
)
_GROUPED = r"-?[^\d\s-]?\d{1,3}(,\d{3})+(\.\d+)?"
_EXPONENT = r"-?\d(\.\d+)?[Ee][+-]?\d+"


@dataclass(frozen=True)
class _Sign:
    """How a spreadsheet spells values of some types. What databases and programs write as well is not `telling`."""

    words: str
    types: tuple[str, ...]
    pattern: str
    telling: bool


_LOST = _Sign("numbers in place of ids", ("id",), rf"{_EXPONENT}|{SCIENTIFIC}", telling=True)
_SIGNS = (
    _LOST,
    _Sign("days", ("date", "timestamp"), _DAY, telling=True),
    _Sign("days as numbers", ("date", "timestamp"), r"\d{5}(\.\d+)?", telling=True),
    _Sign("grouped digits", ("money", "integer", "rate"), _GROUPED, telling=True),
    _Sign("exponents", ("money", "integer", "rate"), _EXPONENT, telling=True),
    _Sign("percentages", ("rate",), r"-?\d+(\.\d+)?%", telling=True),
    _Sign("true and false in capitals", ("bool",), "TRUE|FALSE", telling=True),
    _Sign("amounts without two decimals", ("money",), r"-?\d+(\.\d+)?", telling=False),
    _Sign("rates without six decimals", ("rate",), r"-?\d+(\.\d+)?", telling=False),
)
# An odd cell is no sign. One in so many rows is, and of an id every single one: its digits are lost.
_ONE_ROW_IN = 10
_SIGNS_NEEDED = 2


def spreadsheet_of(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    source: Source,
    rules: list[TypeRule],
    notes: tuple[str, ...],
) -> str | None:
    """Why a landed CSV file looks as if a spreadsheet had saved it; None if it does not. Call `type_rows` before.

    A spreadsheet spells several types in its own way. One type alone may be a program's own spelling.

    Args:
        rules: the type rules of the delivered columns.
        notes: what was noted of the file's bytes.
    """
    found = _found(connection, relation, source, rules)
    if not any(sign.telling for sign in found):
        return None
    if len(found) + len(notes) < _SIGNS_NEEDED and _LOST not in found:
        return None
    told = [f"{sign.words} like '{sample}' in {', '.join(columns)}" for sign, (columns, sample) in found.items()]
    shortened = _shortened_ids(connection, relation, source, rules)
    return "; ".join(["looks as if a spreadsheet had saved it", *told, *notes, *shortened])


def _found(
    connection: duckdb.DuckDBPyConnection, relation: str, source: Source, rules: list[TypeRule]
) -> dict[_Sign, tuple[list[str], str]]:
    """The signs in the cells that do not fit, with their columns and the first such cell."""
    tried = [(sign, rule) for sign in _SIGNS for rule in rules if source.column(rule.column).type in sign.types]
    facts = "".join(
        f', count_if({shown}), min_by("{rule.column}", source_row) filter (where {shown})'
        for sign, rule in tried
        for shown in [f"{rule.breaks} and coalesce(regexp_full_match(\"{rule.column}\", '{sign.pattern}'), false)"]
    )
    all_rows, *values = one_row(
        connection.execute(
            f"select (select count(*) from landed_{relation}){facts}"
            f" from landed_{relation} semi join misfit_{relation} using (source_row)"
        )
    )
    found: dict[_Sign, tuple[list[str], str]] = {}
    for (sign, rule), rows, sample in zip(tried, values[::2], values[1::2], strict=True):
        if rows and (sign is _LOST or rows * _ONE_ROW_IN >= all_rows):
            found.setdefault(sign, ([], sample))[0].append(rule.column)
    return found


def _shortened_ids(
    connection: duckdb.DuckDBPyConnection, relation: str, source: Source, rules: list[TypeRule]
) -> list[str]:
    """What is said of ids that are digits of different lengths, none with a leading zero: they may have had some."""
    said = []
    for column in [rule.column for rule in rules if source.column(rule.column).type == "id"]:
        others, shortest, longest = one_row(
            connection.execute(
                f"select count_if(not coalesce(regexp_full_match(\"{column}\", '[1-9]\\d*'), false)),"
                f' min(length("{column}")), max(length("{column}")) from landed_{relation}'
            )
        )
        if not others and shortest != longest:
            said.append(f"{column} has {shortest} to {longest} digits and no leading zero: some may be lost")
    return said
