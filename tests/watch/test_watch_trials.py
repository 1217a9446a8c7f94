"""A sample of what `scripts/evaluate watch-trials` runs in full."""

from __future__ import annotations

import pytest
from watch_trials import freeze_restore_freeze, try_beside_nights


@pytest.mark.slow
def test_a_freeze_leaves_within_one_watch_beside_a_running_night(tmp_path):
    seen = try_beside_nights(tmp_path / "home", trials=4, accounts=600, seed=3)
    assert (seen.trials, seen.frozen) == (4, 4)
    assert (seen.twice, seen.gaps, seen.differences) == (0, 0, 0)


@pytest.mark.slow
def test_the_core_does_a_freeze_a_restore_and_another_freeze_of_one_day(tmp_path):
    assert freeze_restore_freeze(tmp_path / "home", accounts=200, seed=3) == [
        ("1000", "FREEZE", "applied"),
        ("1100", "RESTORE", "applied"),
        ("1500", "FREEZE", "applied"),
    ]
