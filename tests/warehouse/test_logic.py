"""The archive of decision code: whole, the same whoever compiles it, and able to run without dbt."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from creditline.home import Home
from creditline.home.database import connect
from creditline.home.publications import read_manifest
from creditline.project import PROJECT_DIR
from creditline.warehouse import dbt
from creditline.warehouse.compiled import compile_project
from creditline.warehouse.logic import (
    LogicRefused,
    Model,
    archive_logic,
    needed_for,
    read_logic,
    use_scratch_catalog,
)
from creditline.warehouse.logic_run import run_logic


@pytest.fixture(scope="module")
def compiled():
    return compile_project().logic


@pytest.fixture
def archived(compiled, tmp_path):
    home = Home(tmp_path)
    return home.logic / archive_logic(home, compiled)


def test_a_compilation_without_a_home_is_what_a_night_archives(compiled, sample_book):
    nights = sample_book.home.published_dates()
    assert {read_manifest(sample_book.home, night)["logic_hash"] for night in nights} == {compiled.logic_hash}
    assert read_logic(sample_book.home.logic / compiled.logic_hash) == compiled


def test_what_is_archived_reads_a_table_in_place_and_works_a_view_out_once(compiled):
    kinds = {model.name: model.materialisation for model in compiled.models}
    imports = re.findall(
        r'as (not materialized )?\(\s*select \* from "warehouse"."main"."(\w+)"\s*\)',
        "".join(model.sql for model in compiled.models),
    )
    seen = {(kinds.get(name, "seed"), bool(is_in_place)) for is_in_place, name in imports}
    assert seen == {("table", True), ("seed", True), ("view", False)}


def test_an_archive_is_read_as_it_was_written(compiled, archived):
    assert read_logic(archived) == compiled
    assert archived.name == read_logic(archived).logic_hash


@pytest.mark.parametrize("pattern", ["*_dec_limit.sql", "seeds/feature.csv"])
def test_a_changed_or_missing_file_of_an_archive_is_named(archived, pattern):
    path = next(archived.glob(pattern))
    content = path.read_text()
    path.write_text(content.replace("a", "b", 1))
    with pytest.raises(LogicRefused, match=f"{path.name} was changed"):
        read_logic(archived)
    path.unlink()
    with pytest.raises(LogicRefused, match=f"{path.name} is missing"):
        read_logic(archived)


@pytest.mark.parametrize("part", ["content", "columns", "order", "sql", "materialisation", "key", "carried", "engine"])
def test_the_hash_covers_everything_that_decides(compiled, part):
    first, second, *rest = compiled.models
    changed = {
        "content": {"seeds": (replace(compiled.seeds[0], content="other"), *compiled.seeds[1:])},
        "columns": {"seeds": (replace(compiled.seeds[0], columns={"other": "bigint"}), *compiled.seeds[1:])},
        "order": {"models": (second, first, *rest)},
        "sql": {"models": (replace(first, sql="select 1"), second, *rest)},
        "materialisation": {"models": (replace(first, materialisation="table"), second, *rest)},
        "key": {"models": (replace(first, key=("other",)), second, *rest)},
        "carried": {"carried": compiled.carried[1:]},
        "engine": {"engine_version": "0.0.0"},
    }[part]
    assert replace(compiled, **changed).logic_hash != compiled.logic_hash


def test_seeds_are_loaded_as_dbt_loads_them(compiled, sample_book):
    with connect() as connection:
        use_scratch_catalog(connection)
        run_logic(connection, replace(compiled, models=()))
        connection.execute(f"attach '{sample_book.home.warehouse_file}' as built (read_only)")
        for seed in compiled.seeds:
            ours, theirs = (
                [row[:2] for row in connection.execute(f"describe {where}.main.{seed.name}").fetchall()]
                for where in ("warehouse", "built")
            )
            assert ours == theirs
            assert connection.execute(f"select count(*) > 0 from warehouse.main.{seed.name}").fetchone()[0]
            assert (
                connection.execute(
                    f"(from warehouse.main.{seed.name} except all from built.main.{seed.name})"
                    f" union all (from built.main.{seed.name} except all from warehouse.main.{seed.name})"
                ).fetchall()
                == []
            )


def test_what_is_skipped_is_not_created(compiled):
    seeds = {seed.name for seed in compiled.seeds}
    with connect() as connection:
        use_scratch_catalog(connection)
        run_logic(connection, replace(compiled, models=()), skip=seeds - {"feature"})
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == [("feature",)]


def test_a_model_that_does_not_run_is_named(compiled):
    for sql, materialisation, message in (
        ("select nothing", "view", "odd does not run"),
        ("select 1", "incremental", "odd is materialised as incremental"),
    ):
        odd = Model(name="odd", materialisation=materialisation, key=(), columns={}, sql=sql)
        with connect() as connection, pytest.raises(LogicRefused, match=message):
            use_scratch_catalog(connection)
            run_logic(connection, replace(compiled, seeds=(), models=(odd,)))


@pytest.mark.parametrize("sql", ["select 1 as n", "select cast(1 as bigint) as n, 2 as m"], ids=["type", "surplus"])
def test_a_table_with_other_columns_than_its_contract_is_refused(compiled, sql):
    model = Model("odd", "table", (), {"n": "bigint"}, sql)
    with connect() as connection, pytest.raises(LogicRefused, match=r"odd: its columns are n .* its contract says n b"):
        use_scratch_catalog(connection)
        run_logic(connection, replace(compiled, seeds=(), models=(model,)))


def test_an_ephemeral_model_is_refused(tmp_path, monkeypatch):
    """dbt writes an ephemeral model into its readers and keeps no trace of it: an archive could not order what it reads."""
    project = tmp_path / "project"
    shutil.copytree(PROJECT_DIR, project, ignore=shutil.ignore_patterns("models", "tests", "target"))
    models = project / "models" / "staging"
    models.mkdir(parents=True)
    shutil.copy(PROJECT_DIR / "models" / "_groups.yml", project / "models")
    (models / "stg_z.sql").write_text("select 1 as n")
    (models / "stg_m.sql").write_text("{{ config(materialized='ephemeral') }} select n from {{ ref('stg_z') }}")
    (models / "stg_a.sql").write_text("select n from {{ ref('stg_m') }}")
    monkeypatch.setattr("creditline.project.PROJECT_DIR", project)
    with pytest.raises(dbt.BuildFailed, match="stg_m, which stg_a reads, is ephemeral: make it a view"):
        compile_project()


def test_what_a_model_needs_is_all_that_it_reads_and_no_more(compiled):
    needed = needed_for(compiled, "dec_freeze")
    names = [model.name for model in needed.models]
    assert names == [model.name for model in compiled.models if model.name in names]
    assert {"dec_freeze", "dec_freeze_cause", "ftr_security", "stg_session"} <= set(names)
    assert not {"dec_limit", "ftr_cash_flow", "fct_freeze_night"} & set(names)
    assert "feature" in {seed.name for seed in needed.seeds}
    with pytest.raises(LogicRefused, match=r"dec_other is not in decision code .* of an earlier release"):
        needed_for(compiled, "dec_other")
