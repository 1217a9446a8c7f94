"""Quotients are exact and rounded down on both engines, whatever their sign and size."""

from __future__ import annotations

from pathlib import Path

import duckdb
import jinja2
import pytest

from creditline.spark.place import address
from creditline.spark.session import open_session

pytestmark = [pytest.mark.spark]

MACRO = Path(__file__).resolve().parents[2] / "dbt_project" / "macros" / "engine" / "int_div.sql"
PAIRS = [
    (9_999_999, 10_000_000),
    (-9_999_999, 10_000_000),
    (9_999_999, -10_000_000),
    (-1, 3),
    (7, 7),
    (0, 5),
    (5, 0),
    (99_999_999_999_999_999_999_999_999_999, 100_000_000_000_000_000_000_000_000_000),
    (-99_999_999_999_999_999_999_999_999_999, 100_000_000_000_000_000_000_000_000_000),
]


@pytest.mark.parametrize(("upper", "lower"), PAIRS)
def test_a_quotient_is_exact_on_both_engines(upper, lower):
    macros = jinja2.Environment().from_string(MACRO.read_text()).module
    expected = None if lower == 0 else upper // lower
    on_duckdb = macros.duckdb__int_div(f"{upper}::hugeint", f"{lower}::hugeint")
    assert duckdb.sql(f"select {on_duckdb}").fetchone()[0] == expected
    operands = (f"cast('{number}' as decimal(38, 0))" for number in (upper, lower))
    with open_session(address()) as session:
        assert session.run(f"select {macros.spark__int_div(*operands)}") == [(expected,)]
