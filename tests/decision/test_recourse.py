"""A sample of what `scripts/recourse` runs in full, and broken copies of the rules behind a date: each must be found."""

from __future__ import annotations

from pathlib import Path

import pytest
from decision_harness import broken, project_logic, swapped
from recourse_paths import follow_advice, quick_pack

NIGHTS, PEOPLE = 50, 60


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return quick_pack(Path(tmp_path_factory.mktemp("recourse")) / "pack")


def test_who_follows_the_advice_is_back_in_time(pack):
    outcome = follow_advice(project_logic(), pack, seed=5, people=PEOPLE, nights=NIGHTS)
    assert outcome.given > 10
    assert {status for status, _ in outcome.ended} == {"KEPT"}, outcome.examples
    assert sum(outcome.ended.values()) >= 5


def test_who_does_nothing_makes_the_date_void_and_is_told_by_whom(pack):
    outcome = follow_advice(project_logic(), pack, seed=5, people=30, nights=30, follow=False)
    assert outcome.ended[("VOIDED", "EVIDENCE")] > 0, outcome.ended
    assert "MISSED" not in {status for status, _ in outcome.ended}, outcome.examples


# What a date assumes too kindly, and whoever follows it finds out.
TOO_KIND = {
    "a window that forgets early": (
        "dec_recourse_feature",
        swapped(r"cast\(rules\.rest_days", "cast(rules.rest_days - 25"),
    ),
    "a cure that is over at once": ("dec_recourse_cure", swapped(r"clean_nights - 1", "0")),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TOO_KIND)
def test_a_date_that_is_too_early_is_found(name, pack):
    model, change = TOO_KIND[name]
    outcome = follow_advice(broken(project_logic(), model, change), pack, seed=5, people=PEOPLE, nights=NIGHTS)
    assert {status for status, _ in outcome.ended} - {"KEPT"}, outcome.ended
