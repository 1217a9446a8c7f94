"""A sample of what `scripts/recourse` runs in full, and a broken copy of a rule behind a date, which must be found."""

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


@pytest.mark.slow
def test_a_window_that_forgets_too_early_is_found(pack):
    change = swapped(r"cast\(rules\.rest_days", "cast(rules.rest_days - 25")
    logic = broken(project_logic(), "dec_recourse_feature", change)
    outcome = follow_advice(logic, pack, seed=5, people=PEOPLE, nights=NIGHTS)
    assert {status for status, _ in outcome.ended} - {"KEPT"}, outcome.ended
