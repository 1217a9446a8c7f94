"""The SQL of the decision and the plain Python of tests/decision/reference.py decide the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from decision_compare import compare
from decision_harness import broken, project_logic, swapped
from decision_packs import varied_packs

from creditline.policy import Pack


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pack]:
    folder: Path = tmp_path_factory.mktemp("varied") / "packs"
    return varied_packs(folder)


def test_the_sql_decides_as_the_reference_does(packs):
    """A sample of what `scripts/evaluate agreement` runs in full."""
    result = compare(project_logic(), packs, seed=20261124, customers=90, nights=17)
    assert result.account_nights > 2000
    assert result.examples == {}
    taken = {name for name, count in result.seen.items() if count}
    assert {
        "night: void",
        "routing: challenger",
        "protect: P5",
        "trigger: cured",
        "pending: acts",
        "freeze: begins",
    } <= taken


@pytest.mark.parametrize(
    ("model", "old", "new", "field"),
    [
        ("dec_strategy", r"\bleast\(", "greatest(", "recommended"),
        ("dec_confirmation", "100", "101", "confirmed_milli"),
        ("dec_composition", r"\bgreatest\(", "least(", "recommended"),
        ("dec_order", "'OBSERVED'", "'EXPIRED'", "order"),
        (
            "dec_account",
            r"not night\.is_void then ordered_limits\.limit",
            "night.is_void then ordered_limits.limit",
            "limit to go on from",
        ),
        ("dec_account", "is_ordered, false", "is_ordered, true", "external change"),
        ("dec_carried_restated_limit", r"> standing\.", "< standing.", "restated limit"),
        ("stg_watched_account", "= 'FREEZE'", "<> 'FREEZE'", "action"),
        ("dec_security_movement", r"in \('FREEZE', 'RESTORE'\)", "= 'RESTORE'", "security order"),
        ("dec_core_freeze", r"action = 'FREEZE'", "action <> 'FREEZE'", "action"),
        ("stg_freeze_state", "movement <> 'RESTORE'", "movement = 'RESTORE'", "reason_code_1"),
        ("dec_account", r"or limited\.is_at_rest", "", "recommended"),
    ],
)
def test_a_broken_rule_is_seen(packs, model, old, new, field):
    logic = broken(project_logic(), model, swapped(old, new))
    result = compare(logic, packs, seed=7, customers=60, nights=5)
    assert result.differences[field] > 0
