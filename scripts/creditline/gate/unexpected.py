"""Rows that break an expectation, told by Great Expectations itself: for every type of rule that has no SQL of ours."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from creditline.gate.engine import WHOLE, add_tables, new_context, raised
from creditline.gate.lender import Lender
from creditline.gate.suites import RowRule, Suite, SuiteRefused, as_library

_ROW = "source_row"
# Only the numbers of the rows leave the library, and all of them.
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [_ROW],
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 2**31 - 1,
}


@dataclass(frozen=True)
class UnexpectedRows:
    """How many rows break a rule, and the `source_row` of those that it holds: none while `mostly` tolerates them."""

    count: int
    rows: tuple[int, ...]


def unexpected_rows(
    connection: duckdb.DuckDBPyConnection, table: str, suite: Suite, rules: list[RowRule]
) -> list[UnexpectedRows]:
    """What Great Expectations finds in a table of an open database, by rule. The table has a column source_row.

    Raises:
        SuiteRefused: the library cannot judge a rule on DuckDB, or cannot tell its rows.
    """
    asked = Suite(suite.name, suite.document | {"expectations": [rule.expectation for rule in rules]}, tuple(rules))
    lender = Lender(connection)
    try:
        source = add_tables(new_context(), suite.name, "lent", {"lender": lender.name}, [table])
        batch = source.get_asset(table).get_batch_definition(WHOLE).get_batch()
        results = {
            result.expectation_config.meta["rule"]: result
            for result in batch.validate(as_library(asked), result_format=_RESULT_FORMAT).results
        }
    finally:
        lender.close()
    found = []
    for rule in rules:
        result = results[rule.name]
        why = raised(result)
        if why:
            raise _refused(suite, rule, f"could not be judged ({why}); correct it or choose another type")
        values = result.result
        rows = tuple(row for told in values.get("unexpected_index_list") or () for row in told[_ROW])
        count = values.get("unexpected_count") or 0
        if len(rows) != count:
            raise _refused(
                suite,
                rule,
                f"counts {count} rows that break it and tells {len(rows)} of them; say meta.on_fail distrust or refuse",
            )
        found.append(UnexpectedRows(count, () if result.success else rows))
    return found


def _refused(suite: Suite, rule: RowRule, why: str) -> SuiteRefused:
    return SuiteRefused(f"expectations/{suite.name}.json: {rule.name}: {rule.expectation['type']} {why}")
