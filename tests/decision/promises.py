"""The five promises as experiments: each runs paths through the decision and counts what breaks it.

Every experiment takes decision code, so that a broken copy of a rule can be shown to be found.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from decision_harness import Nights
from promise_paths import MAINTENANCE, Course, Half, Lives, courses, on_time, promise_packs
from reference_policy import Rules

from creditline.policy import Pack
from creditline.warehouse.logic import Logic
from creditline.warehouse.state import state_tables


@dataclass
class Outcome:
    """What an experiment saw; examples are the first violations, the smallest difference first.

    `left_out` are the pairs of which the promise does not speak, `broken_there` the pair-nights among them on which it
    would be broken.
    """

    paths: int
    nights: int
    checked: int = 0
    left_out: int = 0
    broken_there: int = 0
    violations: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, rows: list[dict], what: str) -> None:
        """Count violations."""
        self.violations += len(rows)
        self.examples += [f"{what}: {row}" for row in rows[: 5 - len(self.examples)]]


# Packs are laid from their folders, which must live as long as somebody runs nights with them.
_FOLDERS: list[tempfile.TemporaryDirectory] = []


@cache
def _packs(budget: int | None) -> tuple[Pack, Pack]:
    _FOLDERS.append(tempfile.TemporaryDirectory())
    return promise_packs(Path(_FOLDERS[-1].name) / "packs", budget=budget)


class _Run:
    """Lives, their halves and one warehouse, night after night."""

    def __init__(self, logic: Logic, lives: Lives, halves: list[tuple[Half, Callable[[str], np.ndarray]]]) -> None:
        self.lives, self.halves, self.nights = lives, halves, Nights(logic)
        self.previous: date | None = None

    def decide(self, course: Course, *, scramble: int | None = None) -> pa.Table:
        """Decide a night; the core follows."""
        self.nights.run(self.lives.inputs(course, self.previous, self.halves, scramble=scramble))
        decided = self.nights.table("select * from dec_decision where is_assigned order by account_key")
        if not course.is_void:
            self.previous = course.day
        for half, _ in self.halves:
            self.lives.follow(half, decided)
        return decided

    def close(self) -> None:
        self.nights.close()


def monotone(
    logic: Logic, *, seed: int, paths: int, nights: int, budget: int | None = None, second_account: float = 0.4
) -> Outcome:
    """Promise 1: who is riskier every night never has more in total.

    The balance rule stands outside it, and so do customers of whose accounts together a bound was shared out (decision.md,
    Sharing out): pairs that either ever touched are left out from then on.
    """
    lives = Lives(seed, paths, _packs(budget), second_account=second_account)
    distance = lives.twin_distance()
    run = _Run(logic, lives, [(lives.half(1), lives.safer), (lives.half(1 + distance), lives.riskier)])
    outcome, touched = Outcome(paths, nights), set()
    for course in courses(seed, nights):
        lives.advance(course.day)
        run.decide(course)
        touched |= _outside_promise_1(run, distance)
        rows = run.nights.rows(
            f"""
            with totals as (
                select customer_key, sum(recommended_minor) as total_minor, max(score) as score
                from dec_decision where is_assigned group by customer_key
            )
            select safe.customer_key, safe.total_minor as safer_minor, risky.total_minor as riskier_minor,
                safe.score as safer_score, risky.score as riskier_score
            from totals as safe inner join totals as risky on risky.customer_key = safe.customer_key + {distance}
            where risky.total_minor > safe.total_minor
            order by risky.total_minor - safe.total_minor
            """
        )
        outcome.checked += paths - len(touched)
        outcome.broken_there += sum(row["customer_key"] in touched for row in rows)
        outcome.add([row for row in rows if row["customer_key"] not in touched], f"{course.day} riskier has more")
    outcome.left_out = len(touched)
    run.close()
    return outcome


# A shared bound lowered one of several accounts of a customer.
_IS_SHARED = (
    "account_count > 1 and (bounded_minor < restated_minor or maximised_minor < requested_minor"
    " or capped_minor < maximised_minor)"
)


def _outside_promise_1(run: _Run, distance: int) -> set[int]:
    """Pairs whose limit the balance rule lifted, or of several of whose accounts a shared bound lowered one, tonight."""
    rows = run.nights.rows(
        f"""
        with decided as (
            select *, count(*) over (partition by customer_key) as account_count from dec_decision where is_assigned
        )
        select distinct if(customer_key > {distance}, customer_key - {distance}, customer_key) as pair
        from decided
        where balanced_minor > rounded_minor
            or ({_IS_SHARED})
        """
    )
    return {row["pair"] for row in rows}


def no_spiral(logic: Logic, *, seed: int, paths: int, nights: int) -> Outcome:
    """Promise 2: whose limit was cut the night before has the score of the twin whose limit was left, by the real features.

    Both are tried on the same state; the book goes on from what was decided.
    """
    lives = Lives(seed, paths, _packs(None))
    half, warehouse = lives.half(1), Nights(logic, real_features=True)
    outcome, previous, history = Outcome(paths, nights), None, []
    decided = half.limits
    for course in courses(seed, nights, void_share=0, late_share=0):
        lives.advance(course.day)
        left = np.minimum(decided, half.limits)
        scores = []
        for limits in (left, left * lives.choose.integers(0, 10, size=len(left)) // 10, decided):
            half.limits = limits
            inputs = lives.inputs(course, previous, [(half, lives.safer)])
            tonight = _as_delivered(inputs.accounts, course.day)
            warehouse.run(inputs, snapshots=pa.concat_tables([*history, tonight]), carry=limits is decided)
            scores.append(warehouse.rows("select customer_key, score from dec_customer order by customer_key"))
        rows = [{"left": one, "cut": other} for one, other in zip(*scores[:2], strict=True) if one != other]
        outcome.checked += paths
        outcome.add(rows, f"{course.day} a cut changed the score")
        history.append(tonight)
        before, previous = half.limits, course.day
        lives.follow(half, warehouse.table("select account_key, recommended_minor from dec_decision where is_assigned"))
        decided, half.limits = half.limits, before
    warehouse.close()
    return outcome


def _as_delivered(accounts: pa.Table, day: date) -> pa.Table:
    """A night's snapshot with arrears that differ by account, as history."""
    size = accounts.num_rows
    spread = np.arange(size) % 7 == 0
    return (
        accounts.append_column("business_date", pa.array([day] * size, pa.date32()))
        .append_column("arrears_minor", pa.array(np.where(spread, 1234, 0)))
        .append_column("days_past_due", pa.array(np.where(spread, 5, 0)))
    )


def frozen_identity(logic: Logic, *, seed: int, paths: int, nights: int) -> Outcome:
    """Promise 3: freeze, then restore, is the identity; neither a freeze nor maintenance is a credit fault or ten yuan."""
    lives = Lives(seed, paths, _packs(None))
    distance = lives.twin_distance()
    calm, struck = lives.half(1), lives.half(1 + distance)
    suspects = _Suspects(lives)
    run = _Run(logic, lives, [(calm, lives.safer), (struck, suspects.values)])
    outcome = Outcome(paths, nights)
    before: dict[int, int] = {}
    for course in courses(seed, nights, void_share=0.05):
        lives.advance(course.day)
        suspects.advance()
        decided = run.decide(course)
        outcome.checked += paths
        _check_frozen(outcome, run, course, distance, before)
        overlaid = decided.filter(decided["is_overlaid"])
        kept = dict(zip(overlaid["account_key"].to_pylist(), overlaid["limit_minor"].to_pylist(), strict=True))
        before = {key: before.get(key, limit) for key, limit in kept.items()}
    run.close()
    return outcome


class _Suspects:
    """Security features of the twins who are struck at times: new devices and regions, and something new that night."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.choose = lives, np.random.default_rng([lives.count, 3])
        self.is_struck = np.zeros(lives.count, dtype=bool)

    def advance(self) -> None:
        """Some are struck, some of those go on being struck."""
        odds = np.where(self.is_struck, 0.4, 0.12)
        self.is_struck = self.choose.random(self.lives.count) < odds

    def values(self, name: str) -> np.ndarray:
        """The features of the calm twin but for the security features."""
        struck = {"f33_new_devices_7d": 3, "f34_regions_1d": 4, "suspicious_events_new": 2}
        return np.where(self.is_struck, struck[name], 0) if name in struck else self.lives.safer(name)


def _check_frozen(outcome: Outcome, run: _Run, course: Course, distance: int, before: dict[int, int]) -> None:
    rows = run.nights.rows(
        "select account_key, limit_minor, recommended_minor, display_state, action, drawable_minor, is_overlaid"
        " from dec_decision where is_assigned and (is_overlaid or action = 'RESTORE')"
    )
    moved = [row for row in rows if row["recommended_minor"] != before.get(row["account_key"], row["limit_minor"])]
    outcome.add(moved, f"{course.day} freeze and restore moved the limit")
    shown = [row for row in rows if row["is_overlaid"] and row["display_state"] != "FROZEN_SECURITY"]
    outcome.add(shown, f"{course.day} frozen and shown as something else")
    outcome.add(
        [row for row in rows if row["is_overlaid"] and row["drawable_minor"]], f"{course.day} drawn while frozen"
    )
    scores = run.nights.rows(
        f"""
        select calm.customer_key, calm.score, struck.score as score_of_the_struck
        from dec_customer as calm inner join dec_customer as struck on struck.customer_key = calm.customer_key + {distance}
        where calm.score <> struck.score
        """
    )
    outcome.add(scores, f"{course.day} a freeze changed the score")
    if MAINTENANCE[0] <= course.day < MAINTENANCE[1] or course.is_void:
        outcome.add(_faulted(run), f"{course.day} maintenance was a credit fault")


def _faulted(run: _Run) -> list[dict]:
    """Lowered or shown as the floor without a hard trigger, a cap or an own maximum that says so."""
    return run.nights.rows(
        """
        select account_key, limit_minor, recommended_minor, display_state
        from dec_decision
        where
            is_assigned
            and (recommended_minor < limit_minor or (display_state = 'FLOORED' and limit_minor > 1000))
            and coalesce(trigger_bound_minor >= protected_minor, true)
            and maximised_minor >= balanced_minor
            and capped_minor >= maximised_minor
        """
    )


def neutral(logic: Logic, *, seed: int, paths: int, nights: int) -> Outcome:
    """Promise 4: void nights change nothing, and a late source neither, whatever it delivered; it cuts nobody."""
    packs = _packs(None)
    outcome = Outcome(paths, nights)
    plain, other = (
        _Run(logic, lives, [(lives.half(1), lives.safer)])
        for lives in (Lives(seed, paths, packs), Lives(seed, paths, packs))
    )
    for course in courses(seed, nights, void_share=0, late_share=0.5):
        _check_gap(outcome, other, course)
        for run in (plain, other):
            run.lives.advance(course.day)
        if course.late:
            _check_late(outcome, plain, course)
        decided = plain.decide(course, scramble=seed)
        again = other.decide(course, scramble=seed + 1)
        outcome.checked += paths
        _check_equal(outcome, course, decided, again)
        _check_states(outcome, course, plain, other)
    plain.close()
    other.close()
    return outcome


def _check_gap(outcome: Outcome, run: _Run, course: Course) -> None:
    """A void night between the nights, with features of nobody."""
    day = course.day - timedelta(days=1)
    if run.previous is None or day <= run.previous:
        return
    decided = run.decide(Course(day, is_void=True), scramble=day.toordinal())
    moved = decided.filter(pc.not_equal(decided["recommended_minor"], decided["limit_minor"]))
    outcome.add(moved.select(["account_key", "limit_minor", "recommended_minor"]).to_pylist(), f"{day} void and moved")
    outcome.add(
        decided.filter(pc.not_equal(decided["action"], "HOLD")).select(["account_key"]).to_pylist(), f"{day} acted"
    )


def _check_late(outcome: Outcome, run: _Run, course: Course) -> None:
    """Of nobody's limits more is cut, all accounts together, than if the late sources had delivered what is believed anyway.

    Counted apart: where a bound was shared out over them (docs/decisions/0006).
    """
    inputs = run.lives.inputs(on_time(course), run.previous, run.halves)
    believed = run.nights.believing(inputs.features, course.late)
    run.nights.run(run.lives.inputs(on_time(course), run.previous, run.halves), features=believed, carry=False)
    totals = (
        "select customer_key, sum(least(recommended_minor, limit_minor))::bigint as {name},"
        f" bool_or({_IS_SHARED}) as {{name}}_is_shared"
        " from (select *, count(*) over (partition by customer_key) as account_count from dec_decision where is_assigned)"
        " group by customer_key"
    )
    in_time = run.nights.table(totals.format(name="in_time"))
    run.nights.run(run.lives.inputs(course, run.previous, run.halves, scramble=1), carry=False)
    both = run.nights.table(totals.format(name="late")).join(in_time, "customer_key")
    is_cut = pc.less(both["late"], both["in_time"])
    is_shared = pc.or_(both["late_is_shared"], both["in_time_is_shared"])
    outcome.broken_there += both.filter(pc.and_(is_cut, is_shared)).num_rows
    outcome.add(both.filter(pc.and_(is_cut, pc.invert(is_shared))).to_pylist(), f"{course.day} a late source cut")


SAME = (
    "account_key", "score", "confirmed_milli", "reference_limit_minor", "target_minor", "recommended_minor", "action",
    "display_state", "drawable_minor", "max_grantable_minor", "reason_code_1", "reason_code_2", "reason_code_3",
)  # fmt: skip


def _check_equal(outcome: Outcome, course: Course, left: pa.Table, right: pa.Table) -> None:
    mine, theirs = left.select(SAME).to_pylist(), right.select(SAME).to_pylist()
    rows = [{"plain": a, "other": b} for a, b in zip(mine, theirs, strict=True) if a != b]
    outcome.add(rows, f"{course.day} decided otherwise")


def _check_states(outcome: Outcome, course: Course, left: _Run, right: _Run) -> None:
    for table in state_tables():
        query = f"select * from memory.kept.{table.name} order by {', '.join(table.key)}"
        mine, theirs = left.nights.table(query), right.nights.table(query)
        if not mine.equals(theirs):
            outcome.add([{"table": table.name}], f"{course.day} carried over otherwise")


# What takes the ground away from a reason: a statement over the night's sources.
WITHOUT = {
    "G1": "delete from policy.regulatory_cap",
    "T1": "update policy.product_tier set max_limit_amount = 999999999",
    "I1": "update policy.product_tier set income_multiple_bp = null",
    "M1": "delete from raw.case_event where kind = 'limit_request'",
    "trigger": "update policy.trigger set threshold = 9000000000000; delete from state.trigger",
}
GROUNDS = tuple(WITHOUT)
WITHOUT |= {
    "all": "; ".join(WITHOUT.values()),
    **{f"all but {name}": "; ".join(WITHOUT[other] for other in GROUNDS if other != name) for name in GROUNDS},
}
TRIGGER_REASONS = (
    "feature like 'trigger_%' or (points_lost = 0 and reason_code in ('B1', 'B4', 'B5', 'E2', 'E4', 'A1', 'D3'))"
)


def score_reasons_are_causes(logic: Logic, *, seed: int, paths: int, nights: int) -> Outcome:
    """Promise 5: a cited score reason is a stored fact, and its points back raise tonight's target."""
    lives = Lives(seed, paths, _packs(None))
    run = _Run(logic, lives, [(lives.half(1), lives.riskier)])
    rules = {pack.policy_version: Rules(pack) for pack in lives.packs}
    outcome = Outcome(paths, nights)
    for course in courses(seed, nights, void_share=0):
        lives.advance(course.day)
        run.decide(course)
        _check_score_reasons(outcome, run, course, rules)
    run.close()
    return outcome


def policy_reasons_are_causes(logic: Logic, *, seed: int, paths: int, nights: int) -> Outcome:
    """Promise 5: without the ground of a policy reason the composed limit is higher, tonight or, where another bound takes
    its place, were it the only one."""
    lives = Lives(seed, paths, _packs(None))
    run = _Run(logic, lives, [(lives.half(1), lives.riskier)])
    outcome = Outcome(paths, nights)
    for course in courses(seed, nights, void_share=0):
        lives.advance(course.day)
        composed = _counterfactuals(run, course)
        run.decide(course)
        _check_policy_reasons(outcome, run, course, composed)
    run.close()
    return outcome


def _counterfactuals(run: _Run, course: Course) -> dict[str, dict[int, int]]:
    """The composed limit of every account without one ground, by ground."""
    found = {}
    for name, statement in WITHOUT.items():
        inputs = run.lives.inputs(course, run.previous, run.halves)
        run.nights.run(inputs, carry=False, tamper=statement)
        rows = run.nights.rows("select account_key, capped_minor from dec_decision where is_assigned")
        found[name] = {row["account_key"]: row["capped_minor"] for row in rows}
    return found


def _check_score_reasons(outcome: Outcome, run: _Run, course: Course, rules: dict[str, Rules]) -> None:
    names = [name for name in run.lives.ladders if name in run.nights.believed_names()]
    facts = {
        row["customer_key"]: row
        for row in run.nights.rows(f"select customer_key, {', '.join(names)} from dec_believed_feature")
    }
    rows = run.nights.rows(
        """
        select reasons.*, decisions.customer_key, decisions.reference_limit_minor, decisions.tonight_target_minor
        from dec_reason as reasons
        inner join dec_decision as decisions using (account_key, policy_version)
        where reasons.points_lost > 0 and decisions.is_assigned
        """
    )
    by_account: dict[int, list[dict]] = {}
    for row in rows:
        outcome.checked += 1
        by_account.setdefault(row["account_key"], []).append(row)
        if not _is_stored(row, facts[row["customer_key"]], rules[row["policy_version"]]):
            outcome.add([row], f"{course.day} no stored fact")
    for cited in by_account.values():
        first, rule = cited[0], rules[cited[0]["policy_version"]]
        features = facts[first["customer_key"]]
        alone = [row for row in cited if not _raises(rule, features, row, row["points_lost"])]
        if alone and not (len(alone) == len(cited) and _raises(rule, features, first, _all_points(rule, features))):
            outcome.add(alone, f"{course.day} points back do not raise the target")


def _is_stored(row: dict, features: dict, rule: Rules) -> bool:
    """The cited value is the customer's; of missing facts the number is cited."""
    if row["feature"] == "missing_facts":
        return 0 < row["feature_value"] <= sum(features[name] is None for name in rule.scored)
    return features.get(row["feature"]) is not None and features[row["feature"]] == row["feature_value"]


def _raises(rule: Rules, features: dict, row: dict, points: int) -> bool:
    score = rule.clamped(rule.raw_score(features) + points)
    multiplier = rule.multiplier(1000 * score, features["f06_util_bp"] or 0)
    return row["reference_limit_minor"] * multiplier // 10000 > row["tonight_target_minor"]


def _all_points(rule: Rules, features: dict) -> int:
    return sum(rule.best_points(name) - rule.points(name, features[name]) for name in rule.scored)


def _check_policy_reasons(outcome: Outcome, run: _Run, course: Course, composed: dict[str, dict[int, int]]) -> None:
    rows = run.nights.rows(
        f"""
        select
            decisions.account_key, decisions.capped_minor, reasons.reason_code,
            case when reasons.reason_code in ('G1', 'T1', 'I1', 'M1') then reasons.reason_code else 'trigger' end as ground
        from dec_reason as reasons
        inner join dec_decision as decisions using (account_key, policy_version)
        where
            decisions.is_assigned and not decisions.is_overlaid
            and (reasons.reason_code in ('G1', 'T1', 'I1', 'M1') or ({TRIGGER_REASONS}))
            and (reasons.reason_code in ('G1', 'T1', 'I1', 'M1') or decisions.triggered_minor < decisions.protected_minor)
            and decisions.capped_minor < decisions.limit_minor
        """
    )
    for row in rows:
        outcome.checked += 1
        key, ground = row["account_key"], row["ground"]
        is_cause_tonight = composed[ground][key] > row["capped_minor"]
        is_cause_alone = composed["all"][key] > composed[f"all but {ground}"][key]
        if not (is_cause_tonight or is_cause_alone):
            outcome.add([row], f"{course.day} without its ground the limit is no higher")
