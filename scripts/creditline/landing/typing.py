"""What text fits a contract type. Rows land as text; the first column that does not fit sends its row to quarantine.

DuckDB's own casts are not asked first: they round 100.105, read `infinity` as a date and take 1e3 for a number.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditline.landing.contract import Column, Source

_PATTERN = {
    "id": r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}",
    "code": r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}",
    "text": r"[^\x00-\x1f\x7f]{1,256}",
    "bool": r"true|false",
    "integer": r"0|-?[1-9]\d{0,17}",
    "money": r"-?(0|[1-9]\d{0,14})\.\d{2}",
    "rate": r"-?(0|[1-9]\d{0,2})\.\d{6}",
    "date": r"\d{4}-\d{2}-\d{2}",
    "timestamp": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z",
}
_CAST = {
    "bool": "{text} = 'true'",
    "integer": "cast({text} as bigint)",
    "money": "cast({text} as decimal(18, 2))",
    "rate": "cast({text} as decimal(9, 6))",
    "date": "cast({text} as date)",
    "timestamp": "cast(left({text}, length({text}) - 1) as timestamp)",
}
_EXPECTED = {
    "id": "letters, digits, . _ : - (at most 64)",
    "code": "letters, digits, . _ -",
    "text": "printable text of at most 256 characters",
    "bool": "true or false",
    "integer": "a whole number without leading zeros",
    "money": "an amount with two decimals, like 1234.50",
    "rate": "a number with six decimals",
    "date": "a day like 2026-01-31",
    "timestamp": "a UTC time like 2026-01-31T08:00:00Z",
}


@dataclass(frozen=True)
class TypeRule:
    """One column's type rule as SQL over its text."""

    name: str
    column: str
    breaks: str
    cast: str
    expected: str


def type_rules(source: Source, delivered: set[str]) -> list[TypeRule]:
    """One rule a delivered column, in contract order.

    Args:
        delivered: names of the columns that the file holds.
    """
    return [_rule(column) for column in source.columns if column.name in delivered]


def _rule(column: Column) -> TypeRule:
    text = f'"{column.name}"'
    fits = [f"regexp_full_match({text}, '{_PATTERN[column.type]}')"]
    if column.type == "money":
        fits.append(f"{text} not in ('-0.00')")
    if column.type == "rate":
        fits.append(f"{text} not in ('-0.000000')")
    if column.type in ("date", "timestamp"):
        fits.append(_calendar_day(text))
    if column.type == "timestamp":
        fits.append(f"try_cast(left({text}, length({text}) - 1) as timestamp) is not null")
    expected = _EXPECTED[column.type]
    if column.codes:
        listed = ", ".join(f"'{code}'" for code in column.codes)
        fits.append(f"{text} in ({listed})")
        expected = f"one of {', '.join(column.codes)}"
    breaks = f"not coalesce({' and '.join(fits)}, false)"
    if column.allows_empty:
        breaks = f"{text} is not null and {breaks}"
    cast = _CAST.get(column.type, "{text}").format(text=text)
    return TypeRule(f"{column.type}:{column.name}", column.name, breaks, cast, expected)


def _calendar_day(text: str) -> str:
    day = f"try_cast(left({text}, 10) as date)"
    return f"coalesce({day} between date '1900-01-01' and date '2100-12-31', false)"
