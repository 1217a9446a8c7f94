"""A source of the contract is there in every place that reads or describes one (docs/how-to/extend.md)."""

from __future__ import annotations

import csv
import re

import pytest

from creditline.gate.suites import SuiteMissing, load_suite
from creditline.landing.contract import contract
from creditline.project import PROJECT_DIR

STAGING = PROJECT_DIR / "models" / "staging"
LANDING_PAGE = (PROJECT_DIR.parent / "docs" / "reference" / "landing.md").read_text()
# A later event of the same case takes its place.
NEVER_CORRECTED = {"case_event"}


def sources_of_features() -> set[str]:
    with (PROJECT_DIR / "seeds" / "feature.csv").open(newline="") as stream:
        return {row["source"] for row in csv.DictReader(stream)}


@pytest.mark.parametrize("source", contract())
def test_a_source_has_its_suite_its_models_and_its_section(source):
    assert load_suite(source).name == source
    assert list(STAGING.rglob(f"stg_{source}.sql"))
    assert f"\n### {source}\n" in LANDING_PAGE


def test_a_correction_of_whatever_features_read_is_known():
    model = next(STAGING.rglob("stg_corrected_row.sql")).read_text()
    known = set(re.findall(r"'(\w+)': '\w+'", model))
    assert sources_of_features() - known - NEVER_CORRECTED == set()


def test_a_source_without_a_suite_is_told_what_to_write():
    with pytest.raises(SuiteMissing, match=r"utility_payment has no suite; write .*utility_payment\.json"):
        load_suite("utility_payment")
