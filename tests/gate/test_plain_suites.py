"""A suite in the plain JSON of Great Expectations acts on a night: rows to quarantine, the rest distrusts, nobody's id told."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from small_delivery import NIGHT, deliver, spoil_cell

from creditline.gate import suites
from creditline.gate.checking import HELD, check_delivery
from creditline.gate.inputs import gate_inputs
from creditline.landing.accept import accept
from creditline.project import ROOT, SUITES_DIR
from creditline.store.record import evidence_folder, quarantine_folder

SNAPSHOT = "account_snapshot.csv"
RULE = "column_values_to_match_regex:account_id"


@pytest.fixture
def added(tmp_path, monkeypatch):
    """A function that adds expectations to the suite of account_snapshot."""
    folder = tmp_path / "expectations"
    shutil.copytree(SUITES_DIR, folder)
    monkeypatch.setattr(suites, "SUITES_DIR", folder)

    def add(*expectations: dict) -> None:
        file = folder / "account_snapshot.json"
        document = json.loads(file.read_text())
        file.write_text(json.dumps(document | {"expectations": [*document["expectations"], *expectations]}))
        suites.load_suite.cache_clear()

    yield add
    suites.load_suite.cache_clear()


def shape_of_ids() -> dict:
    return {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "account_id", "regex": "^A[0-9]{5}$"},
    }


def night_of(home):
    accept(home, NIGHT)
    (record,) = [each for each in gate_inputs(home, NIGHT).record.sources if each.source == "account_snapshot"]
    return record


def test_a_row_that_breaks_it_is_held_with_its_rule(home, added):
    added(shape_of_ids())
    delivery = deliver(home)
    spoil_cell(delivery, SNAPSHOT, 3, "account_id", "B2")
    record = night_of(home)
    assert (record.verdict, record.reasons) == ("pass", (f"{RULE}: 1 rows in quarantine",))
    (line,) = (quarantine_folder(home, NIGHT, "core", 1) / "account_snapshot.jsonl").read_text().splitlines()
    held = json.loads(line)
    assert (held["row"], held["rule"], held["column"], held["value"]) == (3, RULE, "account_id", "B2")
    pages = [page.read_text() for page in (home.warehouse / "evidence").rglob("*.html")]
    assert any("A[0-9]{5}" in page for page in pages)
    assert not any(">B2<" in said for said in (*pages, (evidence_folder(home, NIGHT) / "gate_inputs.json").read_text()))


def test_check_finds_it_before_delivery(home, added):
    added(shape_of_ids())
    delivery = deliver(home)
    spoil_cell(delivery, SNAPSHOT, 3, "account_id", "B2")
    (misfit,) = check_delivery(delivery).misfits
    assert (misfit.rule, misfit.rows, misfit.samples, misfit.then) == (RULE, 1, ("row 3: 'B2'",), HELD)


def test_the_example_of_the_documentation_acts(home, added):
    page = (ROOT / "docs/how-to/extend.md").read_text()
    (example,) = re.findall(r"^```json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    added(json.loads(example))
    delivery = deliver(home)
    assert check_delivery(delivery).misfits == ()
    spoil_cell(delivery, SNAPSHOT, 3, "account_id", "B2")
    assert [misfit.rule for misfit in check_delivery(delivery).misfits] == [RULE]


def test_what_is_no_matter_of_rows_makes_the_source_distrusted(home, added):
    added({"type": "expect_column_mean_to_be_between", "kwargs": {"column": "limit_amount", "max_value": 10}})
    deliver(home)
    record = night_of(home)
    assert record.verdict == "distrust"
    assert record.reasons == ("column_mean_to_be_between:limit_amount: observed 5019.5",)


def test_what_is_observed_is_told_only_if_it_is_a_figure(home, added):
    added(
        {"type": "expect_column_distinct_values_to_equal_set", "kwargs": {"column": "account_id", "value_set": ["A1"]}},
        {"type": "expect_column_max_to_be_between", "kwargs": {"column": "limit_amount", "max_value": 10}},
    )
    deliver(home)
    assert set(night_of(home).reasons) == {
        "column_distinct_values_to_equal_set:account_id: 40 unexpected",
        "column_max_to_be_between:limit_amount: observed withheld: it may be the value of a row",
    }


def test_one_of_severity_info_only_tells(home, added):
    added(
        {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "limit_amount", "max_value": 10}, "severity": "info"},
        shape_of_ids() | {"severity": "info"},
    )  # fmt: skip
    delivery = deliver(home)
    spoil_cell(delivery, SNAPSHOT, 3, "account_id", "B2")
    record = night_of(home)
    assert (record.verdict, record.quarantined_rows) == ("pass", 0)
    assert set(record.reasons) == {
        "column_mean_to_be_between:limit_amount: observed 5019.5",
        f"{RULE}: 1 unexpected",
    }


def test_mostly_tolerates_a_share_of_rows(home, added):
    tolerant = shape_of_ids()
    tolerant["kwargs"]["mostly"] = 0.9
    added(tolerant)
    delivery = deliver(home)
    spoil_cell(delivery, SNAPSHOT, 3, "account_id", "B2")
    record = night_of(home)
    assert (record.verdict, record.reasons, record.quarantined_rows) == ("pass", (), 0)


def test_a_rule_that_the_library_cannot_judge_stops_the_night_before_anything_is_taken_in(home, added):
    added({"type": "expect_column_values_to_be_json_parseable", "kwargs": {"column": "account_id"}})
    deliver(home)
    with pytest.raises(suites.SuiteRefused, match="expect_column_values_to_be_json_parseable could not be judged"):
        night_of(home)
    assert not list(home.raw.rglob("*"))
