"""No value of a row stands in evidence, whatever an expectation observes and however much its author asks for."""

from __future__ import annotations

import re

import duckdb
import pytest

from creditline.gate.checkpoint import run_suites
from creditline.gate.evidence import WITHHELD
from creditline.gate.suites import parse_suite

# in the rows alone, and in no suite
SECRET, AMOUNT = "secret-id", "998877"
_ROWS = f"""
    select * from (values (1, '{SECRET}', {AMOUNT}.00, 2), (2, '{SECRET}', {AMOUNT}.00, 1), (3, 'a', 1.00, 0))
    as planted(source_row, code, amount, half)"""
ALL = {"result_format": {"result_format": "COMPLETE", "include_unexpected_rows": True}}

# expectation, and what evidence says was observed
OBSERVING = [
    ("expect_column_distinct_values_to_be_in_set", {"column": "code", "value_set": ["a"]}, None),
    ("expect_column_distinct_values_to_contain_set", {"column": "code", "value_set": ["x"]}, None),
    ("expect_column_distinct_values_to_equal_set", {"column": "code", "value_set": ["x"]}, None),
    ("expect_column_max_to_be_between", {"column": "amount", "max_value": 7}, WITHHELD),
    ("expect_column_median_to_be_between", {"column": "amount", "max_value": 7}, WITHHELD),
    ("expect_column_min_to_be_between", {"column": "amount", "min_value": 7}, WITHHELD),
    ("expect_column_most_common_value_to_be_in_set", {"column": "code", "value_set": ["a"]}, WITHHELD),
    ("expect_column_unique_value_count_to_be_between", {"column": "code", "max_value": 1}, "2"),
    ("expect_column_sum_to_be_between", {"column": "half", "max_value": 1}, "3"),
    ("expect_table_row_count_to_equal", {"value": 4}, "3"),
    ("expect_column_values_to_be_of_type", {"column": "code", "type_": "BIGINT"}, "VARCHAR"),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "^.$", **ALL}, None),
    ("expect_column_values_to_be_between", {"column": "amount", "max_value": 7, **ALL}, None),
    ("expect_select_column_values_to_be_unique_within_record", {"column_list": ["amount", "amount"], **ALL}, None),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "select * from {batch} where half > 0", **ALL}, "2"),
    ("unexpected_rows_expectation", {"unexpected_rows_query": "select * from {batch} where cast(code as integer) > 1"}, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    with duckdb.connect(str(folder / "planted.duckdb")) as connection:
        connection.execute(f"create table planted as {_ROWS}")
    suite = parse_suite(
        {
            "name": "planted",
            "expectations": [
                {"type": kind, "kwargs": kwargs, "meta": {"rule": f"{number}"}}
                for number, (kind, kwargs, _) in enumerate(OBSERVING)
            ],
        }
    )
    results = run_suites(
        folder / "planted.duckdb",
        {"planted": suite},
        name="planted",
        run_name="2026-09-01",
        docs=folder / "docs",
        bounds={},
        spill_limit="1GB",
    )
    return sorted(results, key=lambda result: int(result.rule)), folder / "docs"


@pytest.mark.parametrize("number", range(len(OBSERVING)), ids=[kind for kind, _, _ in OBSERVING])
def test_evidence_says_figures_and_no_value(judged, number):
    result = judged[0][number]
    assert (result.success, result.observed_value) == (False, OBSERVING[number][2])
    # why an expectation could not be judged ends the night before there is evidence
    kept = str(result) if result.error is None else str(result).replace(result.error, "")
    assert SECRET not in kept and AMOUNT not in kept


def test_only_what_cannot_be_judged_has_an_error(judged):
    assert [bool(result.error) for result in judged[0]] == [False] * (len(OBSERVING) - 1) + [True]
    assert SECRET in judged[0][-1].error


def test_data_docs_say_no_value(judged):
    pages = [page.read_text() for page in judged[1].rglob("*.html")]
    words = " ".join(re.sub(r"<[^>]*>", " ", page) for page in pages)
    assert "It could not be judged" in words
    assert WITHHELD in words
    for page in pages:
        assert SECRET not in page
        assert AMOUNT not in page.replace(",", "").replace(" ", "")
