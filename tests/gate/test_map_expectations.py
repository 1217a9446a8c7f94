"""Every expectation of the library that judges rows sends the right ones to quarantine, or says that it cannot on DuckDB."""

from __future__ import annotations

import duckdb
import pytest

from creditline.gate.engine import great_expectations
from creditline.gate.quarantine import mark_bad_rows
from creditline.gate.suites import SuiteRefused, parse_suite
from creditline.project import ROOT

SOURCE = "profile_change"  # a key of one column, event_id
_ROWS = """
    select * from (values
        (1, 'E1', 'a', 'a', 1.00, 0.50), (2, 'E2', 'b', 'x', -1.00, -0.50), (3, 'E3', 'b', 'b', 2.00, 1.00),
        (4, 'E4', 'c', null, null, null), (5, 'E5', null, 'e', 3.00, 1.00), (6, 'E6', 'd', 'd', 7.00, 7.00),
        (7, 'E7', 'secret-id', 'secret-id', 7.00, 3.50)
    ) as planted(source_row, event_id, code, other, amount, half), (values (date '2026-01-05')) as same(known)"""

# type: its arguments, and the rows that break it
JUDGES = {
    "expect_column_pair_values_a_to_be_greater_than_b": ({"column_A": "amount", "column_B": "half"}, [2, 6]),
    "expect_column_pair_values_to_be_equal": ({"column_A": "code", "column_B": "other"}, [2, 4, 5]),
    "expect_column_pair_values_to_be_in_set": (
        {"column_A": "code", "column_B": "other", "value_pairs_set": [["a", "a"], ["b", "b"], ["d", "d"]]},
        [2, 4, 5, 7],
    ),
    "expect_column_value_lengths_to_be_between": ({"column": "code", "max_value": 1}, [7]),
    "expect_column_value_lengths_to_equal": ({"column": "code", "value": 1}, [7]),
    "expect_column_value_z_scores_to_be_less_than": (
        {"column": "amount", "threshold": 1, "double_sided": False},
        [6, 7],
    ),
    "expect_column_values_to_be_between": ({"column": "amount", "min_value": 0.5, "strict_max": True, "max_value": 7}, [2, 6, 7]),
    "expect_column_values_to_be_in_set": ({"column": "amount", "value_set": [1, 2, 3, 7]}, [2]),
    "expect_column_values_to_be_null": ({"column": "other"}, [1, 2, 3, 5, 6, 7]),
    "expect_column_values_to_be_unique": ({"column": "code"}, [2, 3]),
    "expect_column_values_to_match_like_pattern": ({"column": "code", "like_pattern": "secret%"}, [1, 2, 3, 4, 6]),
    "expect_column_values_to_match_like_pattern_list": (
        {"column": "code", "like_pattern_list": ["a%", "b%"], "match_on": "any"},
        [4, 6, 7],
    ),
    # of "secret-id" the last letter matches: a pattern is looked for anywhere in the value
    "expect_column_values_to_match_regex": ({"column": "code", "regex": "[abd]$"}, [4]),
    "expect_column_values_to_match_regex_list": (
        {"column": "code", "regex_list": ["^a", "cre"], "match_on": "any"},
        [2, 3, 4, 6],
    ),
    "expect_column_values_to_not_be_in_set": ({"column": "code", "value_set": ["secret-id"]}, [7]),
    "expect_column_values_to_not_be_null": ({"column": "code", "row_condition": 'col("half") > 0.5', "condition_parser": "great_expectations"}, [5]),
    "expect_column_values_to_not_be_outliers": ({"column": "amount", "method": "std", "multiplier": 1}, [2, 6, 7]),
    "expect_column_values_to_not_match_like_pattern": ({"column": "code", "like_pattern": "secret%"}, [7]),
    "expect_column_values_to_not_match_like_pattern_list": (
        {"column": "code", "like_pattern_list": ["secret%", "d"]},
        [6, 7],
    ),
    "expect_column_values_to_not_match_regex": ({"column": "code", "regex": "ecre"}, [7]),
    "expect_column_values_to_not_match_regex_list": ({"column": "code", "regex_list": ["ecre", "d"]}, [6, 7]),
    "expect_compound_columns_to_be_unique": ({"column_list": ["amount", "known"]}, [6, 7]),
    "expect_multicolumn_sum_to_equal": ({"column_list": ["amount", "half"], "sum_total": 3}, [1, 2, 5, 6, 7]),
    "expect_multicolumn_values_to_be_equal": ({"column_list": ["code", "other"]}, [2, 4, 5]),
    "expect_select_column_values_to_be_unique_within_record": ({"column_list": ["amount", "half"]}, [6]),
}  # fmt: skip

# type: its arguments; the library has no SQL for them
CANNOT = {
    "expect_column_values_to_be_dateutil_parseable": {"column": "code"},
    "expect_column_values_to_be_decreasing": {"column": "amount"},
    "expect_column_values_to_be_increasing": {"column": "amount"},
    "expect_column_values_to_be_json_parseable": {"column": "code"},
    "expect_column_values_to_match_json_schema": {"column": "code", "json_schema": {"type": "object"}},
    "expect_column_values_to_match_strftime_format": {"column": "code", "strftime_format": "%Y"},
}
# These ask a SQL engine for the type of the column, so they are about no row.
OF_A_COLUMN = {"expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"}


def held_by(*expectations: dict) -> tuple[list[int], list[int]]:
    """Rows that break each expectation, and the rows in quarantine."""
    suite = parse_suite({"name": "planted", "expectations": list(expectations)})
    with duckdb.connect() as connection:
        connection.execute(f"create table typed_planted as {_ROWS}")
        connection.execute("create view landed_planted as from typed_planted")
        connection.execute(
            "create table misfit_planted (source_row bigint, rule varchar, column_name varchar, value varchar)"
        )
        connection.execute("create table unread_planted (source_row bigint, raw_line varchar, error varchar)")
        counts = [bad.rows for bad in mark_bad_rows(connection, SOURCE, "planted", suite)]
        rows = connection.execute("select source_row from quarantine_planted order by all").fetchall()
    return counts, [row for (row,) in rows]


def plain(kind: str, **kwargs: object) -> dict:
    return {"type": kind, "kwargs": kwargs}


def test_every_map_expectation_of_the_installed_library_is_here():
    great_expectations()
    from great_expectations.expectations import expectation as kinds
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    maps = (kinds.ColumnMapExpectation, kinds.ColumnPairMapExpectation, kinds.MulticolumnMapExpectation)
    found = {
        kind for kind in list_registered_expectation_implementations() if issubclass(get_expectation_impl(kind), maps)
    }
    assert found == JUDGES.keys() | CANNOT.keys() | OF_A_COLUMN


@pytest.mark.parametrize("kind", JUDGES)
def test_the_rows_that_break_it_are_held(kind):
    kwargs, rows = JUDGES[kind]
    assert held_by(plain(kind, **kwargs)) == ([len(rows)], rows)


@pytest.mark.parametrize("kind", CANNOT)
def test_what_the_library_cannot_judge_on_duckdb_is_refused_with_its_words(kind):
    with pytest.raises(SuiteRefused, match=f"{kind} could not be judged .*No provider found"):
        held_by(plain(kind, **CANNOT[kind]))
    assert kind in (ROOT / "docs/how-to/extend.md").read_text()


def test_outliers_by_quartiles_are_refused_with_the_library_s_words():
    with pytest.raises(SuiteRefused, match="IQR outlier detection is not implemented"):
        held_by(plain("expect_column_values_to_not_be_outliers", column="amount", method="iqr", multiplier=1.5))


# --- arguments that change which rows break a rule --------------------------------------------------------------------

_HALF_ABOVE = {"type": "comparison", "column": {"name": "half"}, "operator": ">", "parameter": 0.5}


@pytest.mark.parametrize(
    ("kind", "kwargs", "counted", "held"),
    [
        # six of seven codes are not null
        ("expect_column_values_to_not_be_null", {"column": "code", "mostly": 0.85}, 1, []),
        ("expect_column_values_to_not_be_null", {"column": "code", "mostly": 0.9}, 1, [5]),
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 0, "mostly": 0.8}, 1, []),
        ("expect_column_values_to_be_unique", {"column": "code", "mostly": 0.5}, 2, []),
        ("expect_column_values_to_be_between", {"column": "amount", "max_value": 6, "row_condition": _HALF_ABOVE}, 2, [6, 7]),
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 3, "row_condition": _HALF_ABOVE}, 1, [3]),
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 1, "strict_min": True}, 2, [1, 2]),
        ("expect_column_values_to_be_between", {"column": "amount", "min_value": 1, "strict_min": False, "mostly": 1}, 1, [2]),
        ("expect_column_pair_values_to_be_equal", {"column_A": "code", "column_B": "other", "ignore_row_if": "either_value_is_missing"}, 1, [2]),
        ("expect_column_values_to_be_in_set", {"column": "code", "value_set": ["a", "b", "c", "it's"]}, 2, [6, 7]),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT * FROM {batch} WHERE amount > 6;"}, 2, [6, 7]),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "select * from {batch} qualify count(*) over (partition by amount) > 1"}, 2, [6, 7]),
    ],
)  # fmt: skip
def test_an_argument_acts_as_the_library_says(kind, kwargs, counted, held):
    assert held_by(plain(kind, **kwargs)) == ([counted], held)


def test_rules_with_and_without_sql_stand_side_by_side():
    counts, rows = held_by(
        plain("expect_column_values_to_be_between", column="amount", min_value=0),
        plain("expect_column_values_to_match_regex", column="code", regex="^.$"),
        plain("expect_column_values_to_not_be_null", column="code"),
        plain("expect_column_value_lengths_to_equal", column="other", value=1),
    )
    assert (counts, rows) == ([1, 1, 1, 1], [2, 5, 7])


def test_twins_in_a_column_that_is_no_key_are_all_held():
    # every row has another key, so none of the two is the first of equal rows
    assert held_by(plain("expect_column_values_to_be_unique", column="amount")) == ([2], [6, 7])


def test_twins_of_several_columns_have_no_empty_cell():
    for ignored in ({}, {"ignore_row_if": "any_value_is_missing"}, {"ignore_row_if": "never"}):
        assert held_by(plain("expect_compound_columns_to_be_unique", column_list=["half", "known"], **ignored)) == (
            [2],
            [3, 5],
        )


def test_a_rule_whose_rows_the_library_does_not_tell_is_refused():
    twins = plain("expect_compound_columns_to_be_unique", column_list=["amount", "known"], mostly=0.9)
    with pytest.raises(SuiteRefused, match="counts 2 rows that break it and tells 0 of them; say meta"):
        held_by(twins)


def test_a_parameter_that_nobody_gives_is_refused():
    with pytest.raises(SuiteRefused, match="limit is a parameter, and a night has none to give"):
        held_by(plain("expect_column_values_to_be_between", column="amount", max_value={"$PARAMETER": "limit"}))


def test_a_query_that_does_not_hand_on_rows_is_refused():
    query = plain("unexpected_rows_expectation", unexpected_rows_query="select code from {batch} where amount > 6")
    with pytest.raises(SuiteRefused, match=r"planted.json: mine cannot tell its rows .*source_row"):
        held_by(query | {"meta": {"rule": "mine", "on_fail": "quarantine"}})
