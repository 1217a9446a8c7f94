"""`fct_adjustment_release` says of every adjustment that was called for whether it left, and in `observe` that nothing did."""

from __future__ import annotations

import duckdb
import pytest

from creditline.publish.adjustments import NAME, write_release_view

# Nights of which the third is void; each calls for what its letter names, and `A` and `C` leave.
ADJUSTMENTS = [("A", 1), ("B", 1), ("C", 2), ("D", 3), ("E", 4)]
ORDERS = [("A", 2, 7, "IN_FLIGHT", None), ("A", 4, 7, "PARTIAL", 30), ("C", 4, 8, "IN_FLIGHT", None)]


def published(connection: duckdb.DuckDBPyConnection, orders: list[tuple]) -> dict[str, tuple]:
    connection.execute(
        "create table fct_night as select unnest([1, 2, 3, 4]) as business_date, business_date = 3 as is_void"
    )
    connection.execute(
        "create table fct_limit_adjustment (adjustment_id text, business_date integer, account_key bigint, customer_key bigint,"
        " slice_code text, action text, old_limit_amount integer, new_limit_amount integer)"
    )
    connection.executemany(
        "insert into fct_limit_adjustment values (?, ?, 1, 1, 'E/p', 'DOWN', 50, 20)",
        [list(row) for row in ADJUSTMENTS],
    )
    connection.execute(
        "create table fct_order_night (adjustment_id text, business_date integer, sequence bigint, status text,"
        " applied_limit_amount integer)"
    )
    for row in orders:
        connection.execute("insert into fct_order_night values (?, ?, ?, ?, ?)", list(row))
    write_release_view(connection)
    found = connection.execute(
        f"select adjustment_id, release_status, sequence, order_status, applied_limit_amount from {NAME}"
    ).fetchall()
    return {name: tuple(rest) for name, *rest in found}


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        yield opened


def test_what_left_has_its_sequence_and_its_latest_status(connection):
    stayed, nothing_yet = ("STAYED", None, None, None), ("OPEN", None, None, None)
    assert published(connection, ORDERS) == {
        "A": ("LEFT", 7, "PARTIAL", 30),
        "B": stayed,
        "C": ("LEFT", 8, "IN_FLIGHT", None),
        "D": stayed,
        "E": nothing_yet,
    }


def test_in_observe_nothing_left(connection):
    assert {status for status, *_ in published(connection, []).values()} == {"STAYED", "OPEN"}
