"""Imports of a model are read where they lie; those of views are worked out once."""

from __future__ import annotations

import duckdb
import pytest

from creditline.warehouse.imports import read_in_place

READ_TWICE = """
with

accounts as (

    select * from "warehouse"."{schema}"."account"

),

counted as (

    select count(*) as account_count from accounts

)

select accounts.* from accounts cross join counted
"""


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; create schema warehouse.state")
        for schema in ("main", "state"):
            connection.execute(f"create table warehouse.{schema}.account as select range as account_key from range(3)")
        yield connection


def copies(connection, sql):
    """Whether the engine copies what a model imports before it reads it."""
    return "CTE_SCAN" in connection.execute(f"explain {sql}").fetchall()[0][1]


@pytest.mark.parametrize("schema", ["main", "state"])
def test_a_table_is_not_copied_before_it_is_read(connection, schema):
    sql = READ_TWICE.format(schema=schema)
    assert copies(connection, sql), "the engine no longer copies: read_in_place is not needed"
    in_place = read_in_place(sql, views=())
    assert not copies(connection, in_place)
    assert connection.execute(in_place).fetchall() == connection.execute(sql).fetchall()
    assert read_in_place(in_place, views=()) == in_place


def test_a_view_is_worked_out_once(connection):
    sql = READ_TWICE.format(schema="main")
    assert read_in_place(sql, views={"account"}) == sql
    # a source may have the name of a model
    assert read_in_place(READ_TWICE.format(schema="state"), views={"account"}) != READ_TWICE.format(schema="state")


@pytest.mark.parametrize(
    "imported",
    [
        'select n from "warehouse"."main"."account"',
        'select * from "warehouse"."main"."account" where n = 1',
        "select * from one",
    ],
)
def test_what_is_more_than_an_import_is_left_to_the_engine(imported):
    sql = f"with accounts as (\n{imported}\n)\nselect * from accounts"
    assert read_in_place(sql, views=()) == sql
