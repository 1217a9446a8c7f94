"""Safe converters for a map's SQL: they read text by the map's own signs, and never round or guess.

`cast('20.000' as decimal)` is 20 for the engine, whatever the sender meant, and a cast to two decimals rounds.
"""

from __future__ import annotations

import duckdb

from creditline.home.database import one_row
from creditline.mapping.definition import MAP_FILE, MapDefinition, Numbers

CURE = (
    "read text with amount_of, rate_of, integer_of or date_of and state `numbers` in map.yml (docs/how-to/mapping.md,"
    ' "Amounts and days")'
)
_SIGNS = "decimal_sign := {decimal}, thousands_sign := {thousands}"
# A number by these signs as the engine spells it; null if it is none, or has groups that are not of three digits.
_NUMBER = r"""
case
    when regexp_full_match(trim(x), '-?\d+(' || regexp_escape(decimal_sign) || '\d+)?')
        or (
            thousands_sign <> ''
            and regexp_full_match(
                trim(x), '-?\d{1,3}(' || regexp_escape(thousands_sign) || '\d{3})+(' || regexp_escape(decimal_sign) || '\d+)?'
            )
        )
        then replace(replace(trim(x), thousands_sign, ''), decimal_sign, '.')
end"""
# Without a sign for thousands, 20.000 may be 20 or 20 thousand.
_AMOUNT = r"""
case
    when thousands_sign = '' and regexp_full_match(trim(x), '-?[1-9]\d{0,2}' || regexp_escape(decimal_sign) || '\d{3}')
        then null
    when regexp_full_match(number_in(x, decimal_sign, thousands_sign), '-?\d+(\.\d{1,2}0*)?')
        then try_cast(number_in(x, decimal_sign, thousands_sign) as decimal(18, 2))
end"""
_RATE = r"""
case
    when regexp_full_match(number_in(rtrim(x, '% '), decimal_sign, thousands_sign), '-?\d+(\.\d{1,4}0*)?') and trim(x) like '%\%' escape '\'
        then try_cast(try_cast(number_in(rtrim(x, '% '), decimal_sign, thousands_sign) as decimal(9, 4)) * 0.01 as decimal(9, 6))
    when regexp_full_match(number_in(x, decimal_sign, thousands_sign), '-?\d+(\.\d{1,6}0*)?')
        then try_cast(number_in(x, decimal_sign, thousands_sign) as decimal(9, 6))
end"""
_INTEGER = r"""
case
    when regexp_full_match(number_in(x, decimal_sign, thousands_sign), '-?\d+(\.00?)?')
        then try_cast(split_part(number_in(x, decimal_sign, thousands_sign), '.', 1) as bigint)
end"""
_KINDS = {"amount": (_AMOUNT, "amount"), "rate": (_RATE, "rate"), "integer": (_INTEGER, "whole number")}
# A group of three digits behind the sign for decimals, and any number that has the sign.
_GROUPED = r"-?[1-9]\d{{0,2}}(\{sign}\d{{3}})+"
_WITH_SIGN = r"-?\d[\d.,]*\{sign}[\d.,]*"


def make_converters(connection: duckdb.DuckDBPyConnection, numbers: Numbers) -> None:
    """Make the macros `amount_of`, `rate_of`, `integer_of` and `date_of`, which stop the import at a text that is none, and
    `amount_or_text`, `rate_or_text`, `integer_or_text` and `date_or_text`, which spell it as the contract does and hand on
    any other text, for quarantine."""
    signs = _SIGNS.format(decimal=_literal(numbers.decimal), thousands=_literal(numbers.thousands))
    connection.execute(f"create macro number_in(x, decimal_sign, thousands_sign) as {_NUMBER}")
    for kind, (body, words) in _KINDS.items():
        call = f"try_{kind}(cast(x as varchar), decimal_sign, thousands_sign)"
        connection.execute(f"create macro try_{kind}(x, decimal_sign, thousands_sign) as {body}")
        connection.execute(
            f"create macro {kind}_of(x, {signs}) as case when x is not null then coalesce({call},"
            f" error(concat('''', x, ''' is no {words} with ''', decimal_sign, ''' for decimals and ''', thousands_sign,"
            f" ''' for thousands; state `numbers` in {MAP_FILE}, or correct it')::varchar)) end"
        )
        connection.execute(
            f"create macro {kind}_or_text(x, {signs}) as coalesce(cast({call} as varchar), cast(x as varchar))"
        )
    day = "cast(try_strptime(trim(cast(x as varchar)), format) as date)"
    connection.execute(
        f"create macro date_of(x, format := '%Y-%m-%d') as case when x is not null then coalesce({day},"
        " error(concat('''', x, ''' is no day like ''', format, '; give another format, or correct it')::varchar)) end"
    )
    connection.execute(
        f"create macro date_or_text(x, format := '%Y-%m-%d') as coalesce(cast({day} as varchar), cast(x as varchar))"
    )


def ambiguous_columns(connection: duckdb.DuckDBPyConnection, definition: MapDefinition) -> tuple[str, ...]:
    """A warning for every column of text whose sign for decimals seems to be one for thousands: where it comes, three digits
    follow. A cast would take 20.000 for 20."""
    if definition.numbers.thousands:
        return ()
    return tuple(
        warning
        for table in definition.tables
        for column, kind, *_ in connection.execute(f"describe extract.{table}").fetchall()
        if kind == "VARCHAR"
        for warning in _ambiguous(connection, table, column, definition.numbers.decimal)
    )


def _ambiguous(connection: duckdb.DuckDBPyConnection, table: str, column: str, sign: str) -> list[str]:
    cell = 'trim("' + column.replace('"', '""') + '")'
    grouped, with_sign, sample = one_row(
        connection.execute(
            f"select count_if(regexp_full_match({cell}, $grouped)), count_if(regexp_full_match({cell}, $any)),"
            f" min({cell}) filter (where regexp_full_match({cell}, $grouped)) from extract.{table}",
            {"grouped": _GROUPED.format(sign=sign), "any": _WITH_SIGN.format(sign=sign)},
        )
    )
    if not grouped or grouped != with_sign:
        return []
    other = "," if sign == "." else "."
    return [
        f"{column} of table '{table}' has numbers like {sample}, always with three digits after '{sign}', which a cast reads as"
        f" {sample.partition(sign)[0]}: if '{sign}' parts thousands, write `numbers: {{decimal: \"{other}\", thousands:"
        f' "{sign}"}}` in {MAP_FILE} and read the column with amount_of or amount_or_text'
    ]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
