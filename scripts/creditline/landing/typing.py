"""Which text fits a contract type. The first column, in contract order, that does not fit sends its row to quarantine.

DuckDB's own casts cannot decide this: they round 100.105, read `infinity` as a date and 1e3 as a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from creditline.home.database import one_row
from creditline.landing.contract import DAY_SPELT, TIME_SPELT, Column, DeliveredSource, Source

_PATTERN = {
    "id": r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}",
    "code": r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
    "text": r"[^\p{C}]{1,256}",
    "bool": r"true|false",
    "integer": r"0|-?[1-9]\d{0,17}",
    "money": r"-?(0|[1-9]\d{0,15})\.\d{2}",
    "rate": r"-?(0|[1-9]\d{0,2})\.\d{6}",
    "date": DAY_SPELT,
    "timestamp": rf"{DAY_SPELT}T{TIME_SPELT}Z",
}
# A number that a spreadsheet wrote in place of an id, like 1.00E15: nobody can tell which digits it stands for.
SCIENTIFIC = r"\d(\.\d+)?[Ee][+-]?\d{2,3}"
_CAST = {
    "text": "nfc_normalize({cell})",
    "bool": "({cell} = 'true')",
    "integer": "cast({cell} as bigint)",
    "money": "cast({cell} as decimal(18, 2))",
    "rate": "cast({cell} as decimal(9, 6))",
    "date": "cast({cell} as date)",
    "timestamp": "cast(left({cell}, length({cell}) - 1) as timestamp)",
}
_CAST_OF_TYPED = {"text": _CAST["text"]}
_SQL_TYPE = {
    "bool": "boolean",
    "integer": "bigint",
    "money": "decimal(18, 2)",
    "rate": "decimal(9, 6)",
    "date": "date",
    "timestamp": "timestamp",
}
_NEGATIVE_ZERO = {"money": "-0.00", "rate": "-0.000000"}
EXPECTED = {
    "id": "1 to 64 of A-Z a-z 0-9 . _ : -, beginning with a letter or digit, and no number of a spreadsheet like 1.00E15",
    "code": "1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit",
    "text": "1 to 256 printable characters",
    "bool": "true or false",
    "integer": "a whole number without leading zeros",
    "money": "an amount with exactly two decimals, like 1234.50",
    "rate": "a number with exactly six decimals, like 0.150000",
    "date": "a day from 1900 to 2100, like 2026-01-31",
    "timestamp": "a UTC time from 1900 to 2100, like 2026-01-31T08:00:00Z",
}


@dataclass(frozen=True)
class BrokenRule:
    """One rule with all rows that break it, and the first of them with their values.

    A row counts here also if it is held for another rule: a row in quarantine names one rule alone.
    """

    rule: str
    column: str
    rows: int
    samples: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class TypeRule:
    """One column's type rule: `breaks` is SQL that is true where a delivered cell does not fit."""

    name: str
    column: str
    breaks: str
    cast: str


def type_rules(source: Source, delivered: tuple[str, ...], *, is_typed: bool) -> list[TypeRule]:
    """One rule for each delivered column, in contract order.

    Args:
        delivered: names of the columns that the file holds.
        is_typed: the cells have their types already (Parquet) instead of being text (CSV).
    """
    return [_rule(column, is_typed) for column in source.columns if column.name in delivered]


def amount(column: str, *, is_typed: bool) -> str:
    """SQL: a delivered cell of a money column as an amount, null where it does not fit; `is_typed` as in type_rules."""
    if is_typed:
        return f'"{column}"'
    return (
        f'case when regexp_full_match("{column}", \'{_PATTERN["money"]}\') then cast("{column}" as decimal(18, 2)) end'
    )


def type_rows(
    connection: duckdb.DuckDBPyConnection,
    entry: DeliveredSource,
    source: Source,
    delivered: tuple[str, ...],
    *,
    known_at: datetime,
    known_date: date,
) -> None:
    """Type the landed rows by rule: `typed_<relation>` for those that fit, `misfit_<relation>` for the others.

    `typed_` has source_row, every column of the contract, known_at and known_date (the instant and local day of
    delivery, so that a suite can say that nothing happened after it); over Parquet it is a view. `misfit_` has
    source_row, rule, column_name, value.
    """
    rules = type_rules(source, delivered, is_typed=entry.is_typed)
    broken = " ".join(f"when {rule.breaks} then {number}" for number, rule in enumerate(rules))
    facts = ", ".join(
        f"struct_pack(rule := '{rule.name}', column_name := '{rule.column}', value := cast(\"{rule.column}\" as varchar))"
        for rule in rules
    )
    connection.execute(
        f"create or replace table misfit_{entry.relation} as select source_row, unnest([{facts}][broken + 1])"
        f" from (select *, case {broken} end as broken from landed_{entry.relation}) where broken is not null"
    )
    casts = {rule.column: rule.cast for rule in rules}
    columns = ", ".join(f'{casts.get(column.name) or _absent(column)} as "{column.name}"' for column in source.columns)
    connection.execute(
        f"create or replace {'view' if entry.is_typed else 'table'} typed_{entry.relation} as select source_row, {columns},"
        f" timestamp '{known_at.isoformat(sep=' ')}' as known_at, date '{known_date.isoformat()}' as known_date"
        f" from landed_{entry.relation} {_without_misfits(connection, entry)}"
    )


def broken_types(
    connection: duckdb.DuckDBPyConnection, relation: str, rules: list[TypeRule], most: int
) -> list[BrokenRule]:
    """Every column with cells that do not fit, in contract order; call `type_rows` before.

    Args:
        most: how many rows are sampled of each.
    """
    flags = "".join(f", {rule.breaks} as rule_{number}" for number, rule in enumerate(rules))
    misfits = f"(select *{flags} from landed_{relation} semi join misfit_{relation} using (source_row))"
    return broken_rules(connection, misfits, [(rule.name, rule.column, f'"{rule.column}"') for rule in rules], most)


def broken_rules(
    connection: duckdb.DuckDBPyConnection, flagged: str, rules: list[tuple[str, str, str]], most: int
) -> list[BrokenRule]:
    """The rules that any row breaks, in their order.

    Args:
        flagged: a relation with source_row, the columns, and a flag `rule_<number>` for each rule.
        rules: of each its name, its column and the SQL of a row's value.
        most: how many rows are sampled of each.
    """
    if not rules:
        return []
    facts = ", ".join(
        f"count_if(rule_{number}), min_by(struct_pack(place := source_row, value := coalesce(cast({value} as varchar), '')),"
        f" source_row, {most}) filter (where rule_{number})"
        for number, (_, _, value) in enumerate(rules)
    )
    found = one_row(connection.execute(f"select {facts} from {flagged}"))
    return [
        BrokenRule(name, column, rows, tuple((sample["place"], sample["value"]) for sample in samples))
        for (name, column, _), rows, samples in zip(rules, found[::2], found[1::2], strict=True)
        if rows
    ]


def _absent(column: Column) -> str:
    return f"cast(null as {_SQL_TYPE.get(column.type, 'varchar')})"


def _without_misfits(connection: duckdb.DuckDBPyConnection, entry: DeliveredSource) -> str:
    misfits = one_row(connection.execute(f"select count(*) from misfit_{entry.relation}"))[0]
    return f"anti join misfit_{entry.relation} using (source_row)" if misfits else ""


def _rule(column: Column, is_typed: bool) -> TypeRule:
    cell = f'"{column.name}"'
    fits = _typed_fits(column, cell) if is_typed else _text_fits(column, cell)
    if column.codes:
        listed = ", ".join(f"'{code}'" for code in column.codes)
        fits.append(f"{cell} in ({listed})")
    breaks = f"not coalesce({' and '.join(fits)}, false)"
    if column.allows_empty:
        breaks = f"{cell} is not null and {breaks}"
    cast = (_CAST_OF_TYPED if is_typed else _CAST).get(column.type, "{cell}").format(cell=cell)
    return TypeRule(f"{column.type}:{column.name}", column.name, breaks, cast)


def _text_fits(column: Column, cell: str) -> list[str]:
    fits = _spelt(column, cell)
    if column.type in _NEGATIVE_ZERO:
        fits.append(f"{cell} != '{_NEGATIVE_ZERO[column.type]}'")
    if column.type == "date":
        fits.append(_in_range(f"try_cast({cell} as date)"))
    if column.type == "timestamp":
        fits.append(_in_range(f"try_cast(left({cell}, length({cell}) - 1) as timestamp)"))
    return fits


def _typed_fits(column: Column, cell: str) -> list[str]:
    if column.type in ("id", "code", "text"):
        return _spelt(column, cell)
    if column.type in ("date", "timestamp"):
        return [_in_range(cell)]
    return [f"{cell} is not null"]


def _spelt(column: Column, cell: str) -> list[str]:
    fits = [f"regexp_full_match({cell}, '{_PATTERN[column.type]}')"]
    return [*fits, f"not regexp_full_match({cell}, '{SCIENTIFIC}')"] if column.type == "id" else fits


def _in_range(moment: str) -> str:
    return f"{moment} >= date '1900-01-01' and {moment} < date '2101-01-01'"
