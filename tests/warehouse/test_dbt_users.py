"""dbt in the hands of its users, from the project's folder, with one setting, against a copy of a night."""

from __future__ import annotations

import shutil

import pytest

from creditline.errors import UsageError
from creditline.home.database import connect
from creditline.landing.contract import contract
from creditline.project import PROJECT_DIR
from creditline.replay import ReplayRefused
from creditline.replay.copied import copy_night

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copied(sample_book, tmp_path_factory):
    home = sample_book.home
    return copy_night(home, home.published_dates()[-1], tmp_path_factory.mktemp("night"))


@pytest.fixture(scope="module")
def dbt(copied, tmp_path_factory):
    """Runs a command of dbt in a copy of the project, as a shell that stands there does."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    project = tmp_path_factory.mktemp("dbt") / "dbt_project"
    shutil.copytree(PROJECT_DIR, project, ignore=shutil.ignore_patterns("policies", "target", "logs"))

    def run(*command):
        try:
            outcome = dbtRunner().invoke(["--quiet", *command])
        finally:
            DuckDBConnectionManager.close_all_connections()
        said = outcome.exception or [result.message for result in getattr(outcome.result, "results", [])]
        assert outcome.success, said
        return outcome.result

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.setenv("CREDITLINE_WAREHOUSE_FILE", str(copied.file))
        yield run


def test_what_changed_is_found_and_shown(dbt, copied, tmp_path):
    dbt("parse", "--target-path", "target/before")
    with open("models/marts/dim_customer.sql", "a") as model:
        model.write("\n-- changed\n")
    found = dbt("ls", "--select", "state:modified", "--state", "target/before", "--resource-type", "model")
    assert [name.rpartition(".")[2] for name in found] == ["dim_customer"]
    dbt("test", "--select", "dim_customer", "assert_every_cut_has_a_reason")
    # its tests are shown beside it
    shown = {result.node.name: result for result in dbt("show", "--select", "dim_customer", "--limit", "3").results}
    assert len(shown["dim_customer"].agate_table.rows) == 3


def test_the_age_of_every_landing_source_is_known(dbt):
    asked = dbt("source", "freshness").results
    assert {result.node.name for result in asked} == set(contract())
    # what never came has no age
    assert all(result.status in ("pass", "warn") for result in asked)


def test_a_build_gives_the_tables_of_the_night(dbt, copied, sample_book):
    with connect(str(copied.file)) as connection:
        tables = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
        # so that nothing but the build can have made them
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'main' and table_name similar to '(dec|ftr|fct|dim|mon|rpt)_.*'"
        ).fetchall():
            connection.execute(f"drop table main.{name}")
    dbt("build")
    with connect(str(copied.file), read_only=True) as connection:
        connection.execute(f"attach '{sample_book.home.warehouse_file}' as night (read_only)")
        built = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'night' and schema_name = 'main'"
        ).fetchall()
        assert {name for (name,) in built} <= set(tables)
        for (name,) in built:
            ours, theirs = (
                [row[:2] for row in connection.execute(f"describe {place}.main.{name}").fetchall()]
                for place in ("warehouse", "night")
            )
            assert ours == theirs, name
            differing = connection.execute(
                f"select count(*) from ((from warehouse.main.{name} except all from night.main.{name})"
                f" union all (from night.main.{name} except all from warehouse.main.{name}))"
            ).fetchone()
            assert differing == (0,), name


def test_the_site_of_the_models_is_one_page(dbt):
    dbt("docs", "generate", "--static")
    with open("target/static_index.html") as page:
        assert "dec_limit" in page.read()


def test_a_copy_replaces_nothing_and_is_of_a_published_night(sample_book, copied, tmp_path):
    with pytest.raises(UsageError, match=r"warehouse\.duckdb is there already; delete it"):
        copy_night(sample_book.home, copied.business_date, copied.file.parent)
    with pytest.raises(ReplayRefused, match="is not published"):
        copy_night(sample_book.home, copied.business_date.replace(year=1999), tmp_path)
