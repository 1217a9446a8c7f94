"""Expectation suites as kept in expectations/: plain JSON of Great Expectations, read and completed.

A suite is the only place of its rules: Great Expectations judges by it, and the quarantine reads the same JSON. For the types of
which every night has many, it is translated to SQL; the rows of all others are told by Great Expectations itself
(`gate.unexpected`).

`meta` says what is ours: `rule` names a rule, `on_fail` what becomes of what breaks it, `advice` what to do. Without them a rule
is named after its type and columns; rows that break it go to quarantine, and what is no matter of single rows makes the source
distrusted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from creditline.errors import CreditlineError
from creditline.gate.engine import great_expectations, one_line
from creditline.home.files import Json
from creditline.home.yaml_file import read_yaml
from creditline.project import SUITES_DIR

if TYPE_CHECKING:
    # Great Expectations takes seconds to import, and only the gates need it.
    from great_expectations.core import ExpectationSuite

# What becomes of what breaks a rule: a landing source can lose rows, a mart is published or not. Pass: it is told, no more.
ON_FAIL_OF_SOURCE = ("quarantine", "distrust", "refuse", "pass")
ON_FAIL_OF_MART = ("refuse", "pass")

_UNEXPECTED_ROWS = "unexpected_rows_expectation"
_ROWS_WHERE = "select * from {batch} where "
_BEGINS_WITH_ROWS = re.compile(r"\s*select\s+\*\s+from\s+\{batch\}", re.IGNORECASE)
# Of a SQL engine these ask for the type of the column, not of a row's value.
_OF_COLUMN_TYPE = ("expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list")
# Arguments that change nothing about which rows break a rule.
_NOTES = ("catch_exceptions", "description", "notes")
# What the library means by an argument that is not there.
_MEANS_NOTHING: tuple[tuple[str, object], ...] = (
    ("mostly", 1),
    ("strict_min", False),
    ("strict_max", False),
    ("or_equal", False),
)


class SuiteMissing(CreditlineError):
    """A source or a mart that nobody wrote expectations for."""


class SuiteRefused(CreditlineError):
    """A suite that cannot be acted on."""


@dataclass(frozen=True)
class RowRule:
    """One expectation that sends the rows that break it to quarantine.

    `column` is the one that quarantine names: several are joined by +, it may be empty. `breaks` is SQL over the rows of `{batch}`, true where a row breaks the rule,
    or None if only Great Expectations can tell it by the `expectation`; `is_key` if it is about twins. `advice` says what to do
    about a `{value}` that breaks it, empty where the rule does.
    """

    name: str
    column: str
    breaks: str | None
    is_key: bool
    advice: str
    expectation: Json

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the expectation names."""
        return _columns(self.expectation)

    @property
    def value(self) -> str:
        """SQL: a row's values in the rule's columns."""
        named = (f'cast("{column}" as varchar)' for column in self.column.split("+") if column)
        return " || '/' || ".join(named) or "cast(null as varchar)"


@dataclass(frozen=True)
class Suite:
    """One suite: its completed JSON for Great Expectations, its row rules, its numbers."""

    name: str
    document: Json
    row_rules: tuple[RowRule, ...]

    @property
    def meta(self) -> Json:
        """The suite's numbers; those that it does not say are those of expectations/defaults.yml."""
        return _defaults().model_dump() | (self.document.get("meta") or {})


@cache
def load_suite(name: str) -> Suite:
    """The suite of a landing source, or of a mart as `marts/<table>`.

    Raises:
        SuiteMissing, SuiteRefused: names the file, and the rule.
    """
    file = SUITES_DIR / f"{name}.json"
    if not file.is_file():
        raise SuiteMissing(f"{name} has no suite; write {file}, beginning with that of a similar source or mart")
    try:
        document = json.loads(file.read_text())
    except ValueError as error:
        raise SuiteRefused(f"{file} is not JSON: {error}; write it as Great Expectations saves a suite") from error
    return parse_suite(
        document | {"name": name.replace("/", "_")}, ON_FAIL_OF_MART if name.startswith("marts/") else ON_FAIL_OF_SOURCE
    )


def parse_suite(document: Json, may_do: tuple[str, ...] = ON_FAIL_OF_SOURCE) -> Suite:
    """A suite from its JSON, completed.

    Args:
        may_do: what a rule may have in `on_fail`; the first is the default.

    Raises:
        SuiteRefused: names the rule.
    """
    # an id is that of the library's own store, from which the JSON was saved
    kept = {name: value for name, value in document.items() if name != "id"}
    for expectation in document["expectations"]:
        if not {"type", "kwargs"} <= expectation.keys():
            raise SuiteRefused(
                f"expectations/{document['name']}.json: {json.dumps(expectation)} has no type or no kwargs; write both"
            )
    completed = _named([_completed(expectation, may_do) for expectation in document["expectations"]], document["name"])
    for expectation in completed:
        _check(document["name"], expectation, may_do)
    rules = tuple(_row_rule(each) for each in completed if each["meta"]["on_fail"] == "quarantine")
    return Suite(document["name"], kept | {"expectations": completed}, rules)


def as_library(suite: Suite) -> ExpectationSuite:
    """The suite as Great Expectations' own.

    Raises:
        SuiteRefused: the library does not know an expectation of it, or not its arguments.
    """
    gx = great_expectations()
    try:
        made: ExpectationSuite = gx.ExpectationSuite(**suite.document)
    except (gx.exceptions.GreatExpectationsError, ValueError, TypeError) as error:
        raise _culprit(suite) or SuiteRefused(
            f"expectations/{suite.name}.json: Great Expectations does not take it: {one_line(error)}; correct it"
        ) from error
    # the library logs an expectation whose arguments it cannot read, and goes on without it
    if len(made.expectations) < len(suite.document["expectations"]):
        raise _culprit(suite) or SuiteRefused(f"expectations/{suite.name}.json: an expectation is left out; correct it")
    if made.suite_parameter_options:
        raise SuiteRefused(
            f"expectations/{suite.name}.json: {', '.join(made.suite_parameter_options)} is a parameter, and a night has none to"
            " give; write its value"
        )
    return made


def _culprit(suite: Suite) -> SuiteRefused | None:
    """Which expectation it is that the library does not take."""
    gx = great_expectations()
    for expectation in suite.document["expectations"]:
        why = "its arguments do not fit"
        try:
            if gx.ExpectationSuite(name=suite.name, expectations=[expectation]).expectations:
                continue
        except (gx.exceptions.GreatExpectationsError, ValueError, TypeError) as error:
            why = one_line(error)
        return SuiteRefused(
            f"expectations/{suite.name}.json: {expectation['meta']['rule']}: Great Expectations does not take"
            f" {expectation['type']}: {why}; correct it"
        )
    return None


class _Defaults(BaseModel):
    """expectations/defaults.yml"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refuse_above_bp: int = Field(ge=0, le=10000)
    refuse_above_rows: int = Field(ge=0)


@cache
def _defaults() -> _Defaults:
    return read_yaml(SUITES_DIR / "defaults.yml", _Defaults, SuiteRefused)


def _completed(expectation: Json, may_do: tuple[str, ...]) -> Json:
    """The expectation with an `on_fail`."""
    kept = {name: value for name, value in expectation.items() if name != "id"}
    meta = kept.get("meta") or {}
    return kept | {"meta": meta | {"on_fail": meta.get("on_fail") or _on_fail(kept, may_do)}}


def _on_fail(expectation: Json, may_do: tuple[str, ...]) -> str:
    if expectation.get("severity") == "info":
        return "pass"
    if "quarantine" in may_do:
        return "quarantine" if _is_about_rows(expectation) else "distrust"
    return may_do[0]


def _is_about_rows(expectation: Json) -> bool:
    kind = expectation["type"]
    if kind == _UNEXPECTED_ROWS:
        return bool(_BEGINS_WITH_ROWS.match(_query(expectation["kwargs"]) or ""))
    if kind in _BREAKS:
        return True
    return kind not in _OF_COLUMN_TYPE and _is_map(kind)


def _is_map(kind: str) -> bool:
    """Whether the library judges single rows by this type; False of a type that it does not know, which it refuses later."""
    gx = great_expectations()
    from great_expectations.expectations import expectation as kinds
    from great_expectations.expectations.registry import get_expectation_impl

    maps = (kinds.ColumnMapExpectation, kinds.ColumnPairMapExpectation, kinds.MulticolumnMapExpectation)
    try:
        return issubclass(get_expectation_impl(kind), maps)
    except gx.exceptions.ExpectationNotFoundError:
        return False


def _named(expectations: list[Json], suite: str) -> list[Json]:
    """The expectations with a rule name each: the one that is said, or the type with its columns, numbered from the second."""
    said = Counter(each["meta"]["rule"] for each in expectations if "rule" in each["meta"])
    twice = [rule for rule, times in said.items() if times > 1]
    if twice:
        raise SuiteRefused(
            f"expectations/{suite}.json: two rules are named {twice[0]}; give each a meta.rule of its own"
        )
    named = []
    for each in expectations:
        rule = each["meta"].get("rule")
        if rule is None:
            plain = ":".join(filter(None, (each["type"].removeprefix("expect_"), "+".join(_columns(each)))))
            numbered = (plain, *(f"{plain}:{number}" for number in range(2, len(expectations) + 1)))
            rule = next(name for name in numbered if name not in said)
            said[rule] += 1
        named.append(each | {"meta": each["meta"] | {"rule": rule}})
    return named


def _check(suite: str, expectation: Json, may_do: tuple[str, ...]) -> None:
    meta, severity = expectation["meta"], expectation.get("severity")
    where = f"expectations/{suite}.json: {meta['rule']}"
    if meta["on_fail"] not in may_do:
        raise SuiteRefused(f"{where}: on_fail is '{meta['on_fail']}'; it may be {', '.join(may_do)}")
    if severity == "info" and meta["on_fail"] != "pass":
        raise SuiteRefused(
            f"{where}: severity is info, which only tells, and on_fail is '{meta['on_fail']}'; leave one of them out"
        )


def _columns(expectation: Json) -> tuple[str, ...]:
    """The columns that an expectation names."""
    kwargs = expectation["kwargs"]
    named = [kwargs[name] for name in ("column", "column_A", "column_B") if kwargs.get(name)]
    return tuple(named or kwargs.get("column_list") or ())


def _row_rule(expectation: Json) -> RowRule:
    kind, meta = expectation["type"], expectation["meta"]
    return RowRule(
        name=meta["rule"],
        column=meta.get("column") or next(iter(_columns(expectation)), ""),
        breaks=_breaks(expectation),
        is_key=kind in _KEY_RULES,
        advice=meta.get("advice", ""),
        expectation=expectation,
    )


def _breaks(expectation: Json) -> str | None:
    """SQL of a row that breaks an expectation; None if there is an argument that the translation does not know."""
    kwargs = {
        name: value
        for name, value in expectation["kwargs"].items()
        if value is not None and name not in _NOTES and (name, value) not in _MEANS_NOTHING
    }
    translate = _BREAKS.get(expectation["type"])
    return translate(kwargs) if translate else None


def _not_null(kwargs: Json) -> str | None:
    return f'"{kwargs["column"]}" is null' if kwargs.keys() == {"column"} else None


def _in_set(kwargs: Json) -> str | None:
    listed = kwargs.get("value_set")
    if kwargs.keys() != {"column", "value_set"} or not listed or not all(isinstance(value, str) for value in listed):
        return None
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in listed)
    return f'coalesce("{kwargs["column"]}" not in ({quoted}), false)'


def _between(kwargs: Json) -> str | None:
    sides = {name: kwargs[name] for name in ("min_value", "max_value") if name in kwargs}
    if kwargs.keys() - sides.keys() != {"column"} or not sides or {type(side) for side in sides.values()} != {int}:
        return None
    operators = {"min_value": "<", "max_value": ">"}
    beyond = " or ".join(f'"{kwargs["column"]}" {operators[name]} {side}' for name, side in sides.items())
    return f"coalesce({beyond}, false)"


def _pair(kwargs: Json) -> str | None:
    if (
        kwargs.keys() - {"or_equal"} != {"column_A", "column_B", "ignore_row_if"}
        or kwargs["ignore_row_if"] != "either_value_is_missing"
    ):
        return None
    operator = "<" if kwargs.get("or_equal") else "<="
    return f'coalesce("{kwargs["column_A"]}" {operator} "{kwargs["column_B"]}", false)'


def _unique(kwargs: Json) -> str | None:
    return _twins([kwargs["column"]]) if kwargs.keys() == {"column"} else None


def _compound(kwargs: Json) -> str | None:
    # whatever ignore_row_if says: the library compares with `=`, so a row with an empty cell has no twin
    return _twins(kwargs["column_list"]) if kwargs.keys() - {"ignore_row_if"} == {"column_list"} else None


def _twins(columns: list[str]) -> str:
    listed = ", ".join(f'"{column}"' for column in columns)
    chosen = f"({listed})" if len(columns) > 1 else listed
    return f"({listed}) in (select {chosen} from {{batch}} group by all having count(*) > 1)"


def _unexpected_rows(kwargs: Json) -> str | None:
    query = _query(kwargs)
    if query is None:
        return None
    if query.startswith(_ROWS_WHERE):
        return f"coalesce({query.removeprefix(_ROWS_WHERE)}, false)"
    # named, so that a query without the column is an error and not a look at the row outside
    return f"source_row in (select found.source_row from ({query}) as found)"


def _query(kwargs: Json) -> str | None:
    query: Any = kwargs.get("unexpected_rows_query")
    return query.rstrip("; \t\r\n\v\f") if isinstance(query, str) else None


_KEY_RULES = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")
_BREAKS: dict[str, Callable[[Json], str | None]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_pair_values_a_to_be_greater_than_b": _pair,
    "expect_column_values_to_be_unique": _unique,
    "expect_compound_columns_to_be_unique": _compound,
    _UNEXPECTED_ROWS: _unexpected_rows,
}
