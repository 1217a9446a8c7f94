"""Rows are compared as a whole: keys that are null, rows that stand twice, columns and types."""

from __future__ import annotations

import duckdb
import pytest

from creditline.replay.comparison import compare

ROWS = "select * from (values (1, 'a', null), (2, 'b', 20), (null, 'c', 30)) as rows(k, name, n)"


@pytest.fixture
def published(tmp_path):
    path = tmp_path / "published.parquet"
    duckdb.execute(f"copy ({ROWS}) to '{path}'")
    return path


@pytest.mark.parametrize(
    ("replayed", "expected"),
    [
        (f"{ROWS} order by name desc", None),
        (f"select k, name, n + 0 as n from ({ROWS})", None),
        (f"select * replace (if(k = 2, 21, n) as n) from ({ROWS})", ("k 2", "n", "20", "21", 1)),
        (f"select * replace (coalesce(n, 0) as n) from ({ROWS})", ("k 1", "n", "None", "0", 1)),
        (f"select * replace (n + 1 as n, upper(name) as name) from ({ROWS})", ("k 1", "name", "a", "A", 3)),
        (f"{ROWS} where k is not null", ("k None", "k", "a row", "no row", 1)),
        (f"{ROWS} union all select 3, 'd', 40", ("k 3", "k", "no row", "a row", 1)),
        (f"{ROWS} union all {ROWS} where k = 2", ("k 2", "k", "no row", "a row", 1)),
        (f"select k, name from ({ROWS})", ("", "n", "INTEGER", "no column", 0)),
        (f"select *, 1 as more from ({ROWS})", ("", "more", "no column", "INTEGER", 0)),
        (f"select * replace (n::bigint as n) from ({ROWS})", ("", "n", "INTEGER", "BIGINT", 0)),
    ],
)
def test_the_first_difference_is_named(published, replayed, expected):
    with duckdb.connect() as connection:
        found = compare(connection, "t", ("k",), replayed, published)
    assert (found and (found.key, found.column, found.published, found.replayed, found.rows)) == expected


def test_a_difference_reads_as_one_line(published):
    with duckdb.connect() as connection:
        found = compare(connection, "t", ("k",), f"select * replace (coalesce(n, 0) as n) from ({ROWS})", published)
    assert str(found) == "t, k 1, column n: published None, replayed 0"
