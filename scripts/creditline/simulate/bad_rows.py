"""Rows that break a rule of the contract on purpose, a few in each file on some nights, and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from creditline.landing.contract import Column, Source, contract
from creditline.landing.delivery import text_of
from creditline.simulate.calendar import as_date
from creditline.simulate.randomness import stream
from creditline.simulate.tables import SourceTable

_SHARE = 500  # one row in 500, which is 0.2 %
_AT_MOST = 12
_IMPOSSIBLE = {
    "bad_date": "'2026-02-30'",
    "bad_timestamp": "'2026-02-30T09:00:00Z'",
    "bad_amount": "'100.105'",
    "unknown_code": "'not_in_the_contract'",
}
# The defects by source; nights take these entries in turn. A duplicate key repeats a row with another value in the
# column.
_BY_NIGHT: tuple[dict[str, tuple[tuple[str, str], ...]], ...] = (
    {
        "loan_application": (("duplicate_key", "amount"), ("unknown_code", "outcome"), ("bad_amount", "amount")),
        "cash_flow": (("bad_date", "flow_date"), ("bad_amount", "amount"), ("duplicate_key", "event_count")),
        "session": (("bad_timestamp", "occurred_at"), ("duplicate_key", "is_proxy")),
    },
    {"instalment": (("bad_date", "due_date"),), "bureau_score": (("duplicate_key", "score"),)},
    {
        "account_snapshot": (
            ("bad_amount", "accrued_interest_balance"),
            ("unknown_code", "status"),
            ("bad_date", "opened_date"),
        )
    },
    {},
    {},
)
# A file with types cannot hold these.
_TEXT_ONLY = {"bad_date", "bad_timestamp", "bad_amount"}
_ANOTHER_VALUE = {
    "money": "{0} + 1",
    "integer": "{0} + 1",
    "bool": "not {0}",
}


@dataclass(frozen=True)
class BadRow:
    """One delivered row that breaks a rule. `key` is the row's key as delivered, with its parts joined by `|`."""

    business_date: date
    source: str
    key: str
    rule: str
    column: str


@dataclass(frozen=True)
class _Defect:
    row_no: int
    rule: str
    column: str


def deliver(
    connection: duckdb.DuckDBPyConnection, table: SourceTable, *, seed: int, day: int, night: int, is_typed: bool
) -> tuple[str, list[BadRow]]:
    """A relation of the table's rows in key order, with tonight's defects in it, and the list of the spoilt rows.

    Args:
        night: how many nights were landed before this one.
        is_typed: whether the file format has types (Parquet), so that only some rules can be broken in it.
    """
    defects = _defects(table, seed, day, night, is_typed=is_typed)
    relation = table.register(connection, [defect.row_no for defect in defects if defect.rule == "duplicate_key"])
    if not defects:
        return relation, []
    source = contract()[table.source]
    cells = ", ".join(
        _cell(column, [defect for defect in defects if defect.column == column.name], is_typed)
        for column in source.columns
        if column.name in table.columns
    )
    spoilt = f"spoilt_{table.source}"
    connection.execute(f"create or replace temp view {spoilt} as select {cells}, row_no, copy from {relation}")
    return spoilt, _described(connection, spoilt, source, defects, day)


def _defects(table: SourceTable, seed: int, day: int, night: int, *, is_typed: bool) -> list[_Defect]:
    all_rules = _BY_NIGHT[night % len(_BY_NIGHT)].get(table.source, ())
    rules = [rule for rule in all_rules if not (is_typed and rule[0] in _TEXT_ONLY)]
    count = min(table.rows // _SHARE, _AT_MOST)
    if not rules or not count:
        return []
    rows = stream(seed, f"bad rows of {table.source}", day).choice(table.rows, count, replace=False)
    return [_Defect(int(row), *rules[number % len(rules)]) for number, row in enumerate(sorted(rows))]


def _cell(column: Column, defects: list[_Defect], is_typed: bool) -> str:
    plain = column.name if is_typed else text_of(column)
    cases = " ".join(f"when {_spoilt_copy(defect)} then {_wrong(column, defect, is_typed)}" for defect in defects)
    return f"case {cases} else {plain} end as {column.name}" if cases else f"{plain} as {column.name}"


def _spoilt_copy(defect: _Defect) -> str:
    return f"row_no = {defect.row_no} and copy = {1 if defect.rule == 'duplicate_key' else 0}"


def _wrong(column: Column, defect: _Defect, is_typed: bool) -> str:
    if defect.rule != "duplicate_key":
        return _IMPOSSIBLE[defect.rule]
    another = _ANOTHER_VALUE[column.type].format(column.name)
    return another if is_typed else text_of(column, another)


def _described(
    connection: duckdb.DuckDBPyConnection, relation: str, source: Source, defects: list[_Defect], day: int
) -> list[BadRow]:
    numbers = ", ".join(str(defect.row_no) for defect in defects)
    keys = dict(
        connection.execute(
            f"select row_no, concat_ws('|', {', '.join(source.key)}) from {relation}"
            f" where row_no in ({numbers}) and copy = 0"
        ).fetchall()
    )
    return [BadRow(as_date(day), source.name, keys[defect.row_no], defect.rule, defect.column) for defect in defects]
