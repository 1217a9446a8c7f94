"""How dbt makes a model in the scratch warehouse, on a project of one model; what is kept of it."""

from __future__ import annotations

import shutil

import pytest
from small_delivery import small_home

from creditline.home import create_home
from creditline.home.database import connect
from creditline.warehouse import dbt
from creditline.warehouse.fresh import FreshModelRunner
from creditline.warehouse.logic import logic_of


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = tmp_path_factory.mktemp("fresh") / "project"
    shutil.copytree(dbt.PROJECT_DIR, project, ignore=shutil.ignore_patterns("models", "tests", "seeds", "target"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "PROJECT_DIR", project)
        yield project


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = small_home(tmp_path_factory.mktemp("fresh") / "home")
    home.warehouse.mkdir(exist_ok=True)
    return home


def build_one(home, project, name, sql, columns=""):
    """Build a project that holds this model alone."""
    home.warehouse_file.unlink(missing_ok=True)
    models = project / "models"
    shutil.rmtree(models, ignore_errors=True)
    (models / "marts").mkdir(parents=True)
    (models / "marts" / f"{name}.sql").write_text(sql)
    (models / "marts" / "marts.yml").write_text(f"models: [{{name: {name}, columns: [{columns}]}}]")
    return dbt.run_build(home)


@pytest.mark.parametrize("sql", ["select 1 as n", "select cast(1 as bigint) as n, 2 as m"], ids=["type", "surplus"])
def test_a_table_with_other_columns_than_its_contract_is_refused(home, project, sql):
    with pytest.raises(dbt.BuildFailed, match=r"model fct_odd: .* its columns are n .* its contract says n bigint"):
        build_one(home, project, "fct_odd", sql, "{name: n, data_type: bigint}")


def test_a_model_is_a_view_or_a_table(home, project):
    with pytest.raises(dbt.BuildFailed, match=r"model odd: .* is materialised as incremental; use view or table"):
        build_one(
            home, project, "odd", "{{ config(materialized='incremental', contract={'enforced': false}) }} select 1 as n"
        )


SHOWS = "{{ config(contract={'enforced': false}) }} select {{ shown() }} as n"


def refuse(*_):
    raise AssertionError("a model was compiled again")


def compiled(home, project, macro):
    """Build a model that shows a macro; returns its SQL."""
    (project / "macros" / "shown.sql").write_text(f"{{% macro shown() %}}{macro}{{% endmacro %}}")
    return build_one(home, project, "fct_shown", SHOWS)[0].compiled_sql


def test_a_project_that_is_as_it_was_is_not_compiled_again(home, project, monkeypatch):
    once = compiled(home, project, 1)
    assert "1 as n" in once
    monkeypatch.setattr("dbt.task.run.ModelRunner.compile", refuse)
    assert compiled(home, project, 1) == once


def test_a_changed_macro_is_compiled(home, project):
    compiled(home, project, 1)
    assert "2 as n" in compiled(home, project, 2)


def test_what_is_built_reads_a_table_in_place_and_works_a_view_out_once(home, project, monkeypatch):
    ran = []
    run = FreshModelRunner._run
    monkeypatch.setattr(FreshModelRunner, "_run", lambda self, sql: ran.append(sql) or run(self, sql))
    home.warehouse_file.unlink(missing_ok=True)
    models = project / "models"
    shutil.rmtree(models, ignore_errors=True)
    models.mkdir()
    for name, kind in (("kept", "table"), ("shown", "view")):
        (models / f"{name}.sql").write_text(f"{{{{ config(materialized='{kind}') }}}} select 1 as n")
    (models / "reader.sql").write_text(
        "with one as (select * from {{ ref('kept') }}), two as (select * from {{ ref('shown') }}) select one.n from one, two"
    )
    nodes = dbt.run_build(home)
    built = next(sql for sql in ran if "reader" in sql)
    archived = next(model.sql for model in logic_of(nodes).models if model.name == "reader")
    for sql in (built, archived):
        assert "one as not materialized (" in sql
        assert "two as (" in sql


def test_the_engine_of_a_build_keeps_within_the_bounds_of_the_home(home, project, tmp_path):
    bounds = home.settings.model_copy(update={"threads": 1, "memory_limit": "1GiB"})
    bounded = create_home(tmp_path / "home", bounds)
    sql = "{{ config(contract={'enforced': false}) }} select current_setting('threads') as n, current_setting('memory_limit') as m"
    build_one(bounded, project, "fct_bounds", sql)
    with connect(str(bounded.warehouse_file), read_only=True) as warehouse:
        assert warehouse.execute("from fct_bounds").fetchall() == [(1, "1.0 GiB")]
