"""Archived models run beside each other, each after all that it reads; with too little memory for two, one by one."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import duckdb
import pytest

from creditline.home.database import connect
from creditline.warehouse import logic_run
from creditline.warehouse.logic import CATALOG, Claim, Logic, LogicRefused, Model, use_scratch_catalog
from creditline.warehouse.logic_run import check_claims, run_logic

# two that read nothing, one that reads both, one that reads that one
SQL = {
    "left": "select 1 as n",
    "right": "select 2 as n",
    "both": f'select l.n + r.n as n from "{CATALOG}"."main"."left" as l, "{CATALOG}"."main"."right" as r',
    "last": f'select n from "{CATALOG}"."main"."both"',
}
create_model = logic_run._create_model


def logic(**changed):
    models = tuple(Model(name, "table", (), {}, sql) for name, sql in {**SQL, **changed}.items())
    return Logic("duckdb", duckdb.__version__, (), models, ())


@pytest.fixture
def connection():
    with connect(config={"threads": "2"}) as connection:
        use_scratch_catalog(connection)
        yield connection


def test_models_that_do_not_read_each_other_run_at_once(connection, monkeypatch):
    both_there = threading.Barrier(2, timeout=20)

    def create(own, model):
        if model.name in ("left", "right"):
            both_there.wait()
        create_model(own, model)

    monkeypatch.setattr(logic_run, "_create_model", create)
    seconds = run_logic(connection, logic())
    assert connection.execute("from last").fetchall() == [(3,)]
    assert seconds.keys() == SQL.keys()


@pytest.mark.parametrize("short", ["left", "both"])
def test_without_memory_for_two_the_rest_runs_one_by_one(connection, monkeypatch, caplog, short):
    ran = []

    def create(own, model):
        if model.name == short and threading.current_thread() is not threading.main_thread():
            raise duckdb.OutOfMemoryException("could not allocate block")
        create_model(own, model)
        ran.append(model.name)

    monkeypatch.setattr(logic_run, "_create_model", create)
    run_logic(connection, logic())
    assert sorted(ran) == sorted(SQL)
    assert ran[-2:] == ["both", "last"]
    assert "could not allocate block; the models that are left run one at a time" in caplog.text
    assert connection.execute("from last").fetchall() == [(3,)]


def test_what_did_not_fit_leaves_nothing_behind(tmp_path):
    with connect(config={"memory_limit": "20MB", "temp_directory": ""}) as connection:
        use_scratch_catalog(connection)
        wide = "select md5(i::varchar) as text from range(10000000) as numbers(i)"
        with pytest.raises(LogicRefused, match="left does not run"):
            run_logic(connection, replace(logic(), models=(Model("left", "table", (), {"text": "varchar"}, wide),)))
        assert connection.execute("from duckdb_tables()").fetchall() == []


def test_without_memory_for_one_the_model_is_named(connection, monkeypatch):
    def create(own, model):
        if model.name == "both":
            raise duckdb.OutOfMemoryException("could not allocate block")
        create_model(own, model)

    monkeypatch.setattr(logic_run, "_create_model", create)
    with pytest.raises(LogicRefused, match=r"both does not run on DuckDB .* could not allocate block"):
        run_logic(connection, logic())


def test_nothing_is_begun_after_a_model_that_does_not_run(connection):
    with pytest.raises(LogicRefused, match="both does not run"):
        run_logic(connection, logic(both=SQL["both"].replace("l.n + r.n", "nothing")))
    assert connection.execute("select table_name from duckdb_tables() order by 1").fetchall() == [("left",), ("right",)]


def test_nothing_is_begun_after_an_interruption(connection, monkeypatch):
    begun = []

    def create(own, model):
        begun.append(model.name)
        if len(begun) == 1:
            raise KeyboardInterrupt
        time.sleep(0.2)

    monkeypatch.setattr(logic_run, "_create_model", create)
    with pytest.raises(KeyboardInterrupt):
        run_logic(connection, logic(**{f"other_{number}": "select 1 as n" for number in range(8)}))
    assert len(begun) <= 3


def test_what_is_skipped_is_read_as_the_caller_laid_it(connection):
    connection.execute(f"create table {CATALOG}.main.both as select 7 as n")
    run_logic(connection, logic(), skip={"left", "right", "both"})
    assert connection.execute("from last").fetchall() == [(7,)]


def test_another_connection_is_in_utc_and_keeps_still(connection):
    run_logic(
        connection,
        logic(
            left="select current_setting('TimeZone') || current_setting('enable_progress_bar') as n",
            both=f'select n from "{CATALOG}"."main"."left"',
        ),
    )
    assert connection.execute("from last").fetchall() == [("UTCfalse",)]


def test_a_claim_that_does_not_hold_is_named_with_what_it_found(connection):
    nobody, somebody = (
        Claim("assert_none", "select 1 as n where false"),
        Claim("assert_small", "select 7 as account_key"),
    )
    assert check_claims(connection, [nobody]).keys() == {"assert_none"}
    with pytest.raises(LogicRefused, match=r"assert_small does not hold for 1 rows: \{'account_key': '7'\}"):
        check_claims(connection, [nobody, somebody])
