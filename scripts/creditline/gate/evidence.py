"""What of a result of Great Expectations may stand in evidence: counts, shares and statistics. A value of a row may not, because
it could be somebody's id."""

from __future__ import annotations

from creditline.home.files import Json

WITHHELD = "withheld: it may be the value of a row"
_FIGURES = (
    "element_count",
    "missing_count",
    "missing_percent",
    "unexpected_count",
    "unexpected_percent",
    "unexpected_percent_nonmissing",
    "unexpected_percent_total",
)
# Types that observe a count, a share, a mean or a sum, or the names or types of columns.
_OBSERVE_NO_VALUE = (
    "expect_column_mean_to_be_between",
    "expect_column_proportion_of_non_null_values_to_be_between",
    "expect_column_proportion_of_unique_values_to_be_between",
    "expect_column_stdev_to_be_between",
    "expect_column_sum_to_be_between",
    "expect_column_type_to_be",
    "expect_column_unique_value_count_to_be_between",
    "expect_column_values_to_be_in_type_list",
    "expect_column_values_to_be_of_type",
    "expect_table_column_count_to_be_between",
    "expect_table_column_count_to_equal",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_columns_to_match_set",
    "expect_table_row_count_to_be_between",
    "expect_table_row_count_to_equal",
    "expect_table_row_count_to_equal_other_table",
    "unexpected_rows_expectation",
)


def shown_result(kind: str, result: Json) -> Json:
    """The result of one expectation of a type without any value of a row."""
    shown = {name: result[name] for name in _FIGURES if name in result}
    observed = result.get("observed_value")
    if observed is not None:
        shown["observed_value"] = observed if kind in _OBSERVE_NO_VALUE else WITHHELD
    return shown
