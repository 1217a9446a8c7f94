"""Expectation suites as kept in expectations/: read, and translated to the SQL that sends rows to quarantine.

A suite is the only place of its rules: Great Expectations judges by it, and the SQL of the quarantine reads the same JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from creditline.errors import CreditlineError
from creditline.home.files import Json
from creditline.project import SUITES_DIR

_ROWS_WHERE = "select * from {batch} where "


class SuiteMissing(CreditlineError):
    """A source or a mart that nobody wrote expectations for."""


@dataclass(frozen=True)
class RowRule:
    """One expectation that sends the rows that break it to quarantine.

    `column` may be several, joined by +. `breaks` is SQL over the rows of `{batch}`, true where a row breaks the rule;
    `is_key` if it is about twins. `advice` says what to do about a `{value}` that breaks it, empty where the rule does.
    """

    name: str
    column: str
    breaks: str
    is_key: bool
    advice: str

    @property
    def value(self) -> str:
        """SQL: a row's values in the rule's columns."""
        return " || '/' || ".join(f'cast("{column}" as varchar)' for column in self.column.split("+"))


@dataclass(frozen=True)
class Suite:
    """One suite: its JSON for Great Expectations, its row rules, its numbers."""

    name: str
    document: Json
    row_rules: tuple[RowRule, ...]

    @property
    def meta(self) -> Json:
        said: Json = self.document["meta"]
        return said


@cache
def load_suite(name: str) -> Suite:
    """The suite of a landing source, or of a mart as `marts/<table>`. Raises SuiteMissing."""
    file = SUITES_DIR / f"{name}.json"
    if not file.is_file():
        raise SuiteMissing(f"{name} has no suite; write {file}, beginning with that of a similar source or mart")
    return parse_suite(json.loads(file.read_text()))


def parse_suite(document: Json) -> Suite:
    """A suite from its JSON. Raises KeyError if a row rule is of a type that has no translation."""
    rules = tuple(
        _row_rule(expectation)
        for expectation in document["expectations"]
        if expectation["meta"]["on_fail"] == "quarantine"
    )
    return Suite(document["name"], document, rules)


def _row_rule(expectation: Json) -> RowRule:
    kwargs, kind, meta = expectation["kwargs"], expectation["type"], expectation["meta"]
    named = kwargs.get("column") or kwargs.get("column_A") or kwargs.get("column_list", [None])[0]
    return RowRule(
        meta["rule"], meta.get("column", named), _BREAKS[kind](kwargs), kind in _KEY_RULES, meta.get("advice", "")
    )


def _not_null(kwargs: Json) -> str:
    return f'"{kwargs["column"]}" is null'


def _in_set(kwargs: Json) -> str:
    listed = ", ".join(f"'{value}'" for value in kwargs["value_set"])
    return f'coalesce("{kwargs["column"]}" not in ({listed}), false)'


def _between(kwargs: Json) -> str:
    column = f'"{kwargs["column"]}"'
    sides = []
    if kwargs.get("min_value") is not None:
        sides.append(f"{column} < {kwargs['min_value']}")
    if kwargs.get("max_value") is not None:
        sides.append(f"{column} > {kwargs['max_value']}")
    return f"coalesce({' or '.join(sides)}, false)"


def _pair(kwargs: Json) -> str:
    operator = "<" if kwargs.get("or_equal") else "<="
    return f'coalesce("{kwargs["column_A"]}" {operator} "{kwargs["column_B"]}", false)'


def _unique(kwargs: Json) -> str:
    columns = kwargs.get("column_list") or [kwargs["column"]]
    listed = ", ".join(f'"{column}"' for column in columns)
    return f"({listed}) in (select {listed} from {{batch}} group by all having count(*) > 1)".replace(
        f"select {listed}", f"select ({listed})" if len(columns) > 1 else f"select {listed}"
    )


def _unexpected_rows(kwargs: Json) -> str:
    query = kwargs["unexpected_rows_query"]
    if not query.startswith(_ROWS_WHERE):
        raise KeyError(f"{query}: only '{_ROWS_WHERE}…' has a translation")
    return f"coalesce({query.removeprefix(_ROWS_WHERE)}, false)"


_KEY_RULES = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
_BREAKS: dict[str, Callable[[Json], str]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
    "expect_column_values_to_be_unique": _unique,
    "expect_compound_columns_to_be_unique": _unique,
    "unexpected_rows_expectation": _unexpected_rows,
}
