"""A context of Great Expectations over a night of a home, as an analyst uses it in a notebook."""

from __future__ import annotations

import re
from datetime import date

import pytest
from homes import tree_of
from small_delivery import NIGHT, deliver, small_home

from creditline.errors import UsageError
from creditline.gate.context import open_context
from creditline.gate.engine import great_expectations
from creditline.gate.inputs import gate_inputs
from creditline.gate.outputs import mart_suites
from creditline.landing.accept import accept
from creditline.project import ROOT


@pytest.fixture(scope="module")
def published(sample_book):
    home = sample_book.home
    return home, home.published_dates()[-1]


@pytest.fixture(scope="module")
def context(published):
    return open_context(*published)


def test_a_checkpoint_over_all_our_suites_runs_and_holds(published, context):
    gx, (home, _) = great_expectations(), published
    before = tree_of(home.root)
    definitions = list(context.validation_definitions.all())
    tables = {definition.name for definition in definitions}
    assert mart_suites().keys() <= tables
    assert {"account_snapshot", "session", "loan_application", "instalment"} <= tables
    outcome = gx.Checkpoint(name="all", validation_definitions=definitions).run()
    assert outcome.success
    assert min(each.statistics["evaluated_expectations"] for each in outcome.run_results.values()) > 0
    assert tree_of(home.root) == before


def test_an_expectation_of_one_s_own_sees_rows_and_their_values(context):
    gx = great_expectations()
    batch = (
        context.data_sources.get("creditline").get_asset("fct_limit_decision").get_batch_definition("all").get_batch()
    )
    found = batch.validate(
        gx.expectations.ExpectColumnValuesToMatchRegex(column="display_state", regex="^no such state$"),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["account_key"]},
    )
    assert found.result["unexpected_count"] == found.result["element_count"] == 400
    assert {"account_key", "display_state"} <= found.result["unexpected_index_list"][0].keys()


def test_marts_without_a_suite_and_keys_under_the_names_of_ids_are_there(context):
    source = context.data_sources.get("creditline")
    assert {"fct_night", "fct_risk_feature"} <= set(source.get_asset_names())
    snapshot = source.get_asset("account_snapshot").get_batch_definition("all").get_batch()
    assert {"account_key", "account_id", "customer_id", "known_date"} <= set(snapshot.columns())


def test_a_night_that_is_not_published_has_its_raw_rows(tmp_path):
    home = small_home(tmp_path / "small")
    deliver(home)
    accept(home, NIGHT)
    gate_inputs(home, NIGHT)
    opened = open_context(home, NIGHT)
    assert opened.data_sources.get("creditline").get_asset_names() == {"account_snapshot", "session"}


def test_two_contexts_do_not_disturb_each_other(published, context):
    other = open_context(*published)
    del other
    batch = context.data_sources.get("creditline").get_asset("fct_night").get_batch_definition("all").get_batch()
    assert batch.validate(great_expectations().expectations.ExpectTableRowCountToEqual(value=1)).success


def test_the_example_of_the_documentation_runs(published, monkeypatch, capsys):
    home, night = published
    page = (ROOT / "docs/how-to/extend.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    said = f"date({night.year}, {night.month}, {night.day})"
    exec(example.replace("var/home", str(home.root)).replace("date(2026, 9, 1)", said), {})
    printed = capsys.readouterr().out
    assert '"type": "expect_column_mean_to_be_between"' in printed
    assert printed.endswith("\nTrue\n")


def test_a_night_of_which_there_is_nothing_is_refused(published):
    home, _ = published
    with pytest.raises(UsageError, match="has neither raw rows nor a publication of night 2001-01-01"):
        open_context(home, date(2001, 1, 1))
