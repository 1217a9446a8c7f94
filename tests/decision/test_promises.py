"""A sample of what `scripts/evaluate promises` runs in full, and broken copies of rules: each must be found."""

from __future__ import annotations

from functools import partial

import promises
import pytest
from decision_harness import broken, project_logic, swapped
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

PROMISES = {
    "monotone": partial(promises.monotone, second_account=0.0, budget=30_000),
    "no_spiral": promises.no_spiral,
    "frozen_identity": promises.frozen_identity,
    "neutral": promises.neutral,
    "score_reasons_are_causes": promises.score_reasons_are_causes,
    "policy_reasons_are_causes": promises.policy_reasons_are_causes,
}
# Seconds count in nights: each promise gets as many as it needs to be broken by the copies below.
NIGHTS = {
    "monotone": 9,
    "no_spiral": 3,
    "frozen_identity": 6,
    "neutral": 3,
    "score_reasons_are_causes": 6,
    "policy_reasons_are_causes": 2,
}
# Pairs must have moved on different nights before they can overtake each other.
BROKEN_SIZES = {"monotone": (400, 14), "neutral": (150, 5)}


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_holds(name):
    @settings(
        max_examples=1, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(seed=st.integers(1, 2**32))
    def experiment(seed: int) -> None:
        note(f"seed {seed}")
        outcome = PROMISES[name](project_logic(), seed=seed, paths=80, nights=NIGHTS[name])
        assert outcome.checked > 0
        assert outcome.violations == 0, outcome.examples

    experiment()


@pytest.mark.slow
def test_the_riskier_never_has_more_with_several_accounts():
    outcome = promises.monotone(project_logic(), seed=2, paths=600, nights=4, budget=30_000)
    assert outcome.violations == 0, outcome.examples


# The timer of the field's usual practice: no cut within six days after a change.
TIMER = (
    "limit_minor - case when account_key in (select account_key from warehouse.state.account"
    " where limit_since_date > (select business_date from warehouse.run.night) - 6) then 0 when is_cut_slot"
)
BROKEN = {
    "a timer between cuts": ("monotone", "dec_strategy", r"limit_minor - case\s+when is_cut_slot", TIMER),
    "a raise budget for the riskier first": ("monotone", "dec_raise_budget", r"bounds\.score desc", "bounds.score"),
    "the limit of the core in place of the reference limit": (
        "no_spiral",
        "ftr_reference_limit",
        r"(?s)greatest\(\s*coalesce\(carried.*?snapshots\.limit_minor\s*\)",
        "snapshots.limit_minor",
    ),
    "a freeze that does not keep the limit": (
        "frozen_identity",
        "dec_decided_limit",
        "when has_overlay then limit_minor",
        "when false then limit_minor",
    ),
    "a void night that decides": ("neutral", "dec_account", r"or limited\.is_void", ""),
    "a late source that is believed": (
        "neutral",
        "dec_believed_feature",
        r"case when trust\.\w+ then last_trusted\.\w+ else (features\.\w+) end",
        r"\1",
    ),
    "a tier that is cited wherever there is a cut": (
        "policy_reasons_are_causes",
        "dec_policy_reason",
        r"tier_bound_minor < strategy_minor and tier_bound_minor < limit_minor",
        "tier_bound_minor > 0",
    ),
    "a score reason with another fact": (
        "score_reasons_are_causes",
        "dec_score_reason",
        r"(?m)^    feature_value,$",
        "    feature_value + 1 as feature_value,",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_promise_is_found(what):
    name, model, old, new = BROKEN[what]
    logic = broken(project_logic(), model, swapped(old, new))
    paths, nights = BROKEN_SIZES.get(name, (200, NIGHTS[name]))
    outcome = PROMISES[name](logic, seed=11, paths=paths, nights=nights)
    assert outcome.violations > 0
