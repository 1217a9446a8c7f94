"""The strategy on noisy synthetic scores: how often limits move, and whom a blip costs anything.

The experiment of the policy reference (c4) on the house's own SQL: customers with AR(1) scores, of whom some have a
harmless dip of three nights and some fall to a lower level for good. A naive policy, which gives everybody tonight's
target every night, is measured on the same scores, so that the two rows can be laid beside the reference's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
from decision_harness import (
    ACCOUNT_COLUMNS,
    EVENT_COLUMNS,
    OPENING_COLUMNS,
    Inputs,
    Nights,
    all_features,
    project_logic,
    trusted_sources,
)

from creditline.policy import PolicySet, load_pack
from creditline.project import PROJECT_DIR
from creditline.warehouse.sources import NightParameters

FIRST = date(2026, 1, 1)
START_MINOR = 10_000_00
SETTLING_NIGHTS = 60  # limits start at the reference limit; what moves them to their level is not counted
NOISE_SD, PERSISTENCE = 15.0, 0.8
DIP_POINTS, DIP_NIGHTS = 120, 3
FALL_POINTS = 100
STABLE, DIP, FALL = range(3)


@dataclass(frozen=True)
class Paths:
    """Limits by night and customer (minor units), with each customer's kind and the night on which something happens."""

    limits: np.ndarray
    targets: np.ndarray
    kind: np.ndarray
    happens: np.ndarray


GIVEN_SCORES = """
    select points.*, packs.score_min, packs.score_max, given_scores.score as point_sum, given_scores.score, bands.band, bands.pd_bp
    from "warehouse"."main"."dec_feature_points" as points
    inner join policy.pack as packs on points.policy_version = packs.policy_version
    inner join given_scores on points.customer_key = given_scores.customer_key
    inner join policy.band as bands
        on
            points.policy_version = bands.policy_version
            and given_scores.score >= bands.lower_score
            and given_scores.score < bands.upper_score
"""


class ScoredNights(Nights):
    """Nights whose scores are given instead of added up from features."""

    def __init__(self, logic) -> None:
        models = (replace(model, sql=GIVEN_SCORES) if model.name == "dec_score" else model for model in logic.models)
        super().__init__(replace(logic, models=tuple(models)))
        self.scores: pa.Table | None = None

    def _lay_features(self, features: pa.Table) -> None:
        super()._lay_features(features)
        self.connection.register("given", self.scores)
        self.connection.execute("create or replace table given_scores as from given")
        self.connection.unregister("given")


def scores_of(customers: int, nights: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Scores by night and customer, their level without noise, kind and night of what happens."""
    rng = np.random.default_rng(seed)
    kind = rng.choice([STABLE, DIP, FALL], customers, p=[0.5, 0.25, 0.25])
    happens = rng.integers(SETTLING_NIGHTS + 20, nights - 110, customers)
    level = np.broadcast_to(rng.integers(590, 740, customers), (nights, customers)).astype(float).copy()
    night = np.arange(nights)[:, None]
    level -= np.where((kind == FALL) & (night >= happens), FALL_POINTS, 0)
    lasting = level.copy()
    level -= np.where((kind == DIP) & (night >= happens) & (night < happens + DIP_NIGHTS), DIP_POINTS, 0)
    noise = np.zeros((nights, customers))
    noise[0] = rng.normal(0, NOISE_SD, customers)
    for t in range(1, nights):
        shock = rng.normal(0, NOISE_SD * np.sqrt(1 - PERSISTENCE**2), customers)
        noise[t] = PERSISTENCE * noise[t - 1] + shock
    return np.clip(np.rint(level + noise), 300, 900).astype(np.int64), lasting, kind, happens


def run(customers: int, nights: int, seed: int, progress=lambda _line: None) -> tuple[Paths, Paths]:
    """The house's policy and the naive one on the same scores."""
    scores, lasting, kind, happens = scores_of(customers, nights, seed)
    pack = load_pack(PROJECT_DIR / "policies" / "default")
    routing = {
        "legal_entity_code": "BANK01",
        "product_code": "*",
        "pack": "default",
        "role": "champion",
        "share_bp": "",
    }
    policies = PolicySet((pack,), (routing | {"effective_from": "2000-01-01", "effective_to": ""},))
    targets = np.vectorize(_targets(pack.tables))(np.arange(301 * 1000, 901 * 1000, 1000) - 1000)
    keys = np.arange(1, customers + 1)
    limit = np.full(customers, START_MINOR)
    reference = limit.copy()
    limits = np.zeros((nights, customers), np.int64)
    machine = ScoredNights(project_logic())
    for t in range(nights):
        day = FIRST + timedelta(days=t)
        machine.scores = pa.table({"customer_key": keys, "score": scores[t]})
        machine.run(_inputs(day, t, policies, keys, limit))
        decided = machine.table(
            "select account_key, recommended_minor, reference_limit_minor from dec_decision order by account_key"
        )
        limit = decided["recommended_minor"].to_numpy()
        reference = np.maximum(reference, decided["reference_limit_minor"].to_numpy())
        limits[t] = limit
        if (t + 1) % 30 == 0:
            progress(f"night {t + 1} of {nights}")
    machine.close()
    level = targets[np.clip(np.rint(lasting), 300, 900).astype(np.int64) - 300]
    naive = targets[scores - 300] * START_MINOR // 10000 // 1000 * 1000
    return (
        Paths(limits, level * reference // 10000, kind, happens),
        Paths(naive, level * START_MINOR // 10000, kind, happens),
    )


def _targets(tables: dict) -> object:
    """The multiplier (bp) of a score in milli-points at half utilisation."""
    bands = sorted((int(row["lower_score"]), int(row["upper_score"]), row["band"]) for row in tables["band"])
    cell = {
        row["band"]: int(row["multiplier_bp"])
        for row in tables["strategy_matrix"]
        if row["lower_utilisation_bp"] == "3000"
    }

    def multiplier(milli: int) -> int:
        for place, (lower, upper, band) in enumerate(bands):
            if lower * 1000 <= milli < upper * 1000:
                better = cell[bands[place + 1][2]] if place + 1 < len(bands) else cell[band]
                return cell[band] + (better - cell[band]) * (milli - lower * 1000) // ((upper - lower) * 1000)
        raise ValueError(f"no band holds {milli}")

    return multiplier


def _inputs(day: date, number: int, policies: PolicySet, keys: np.ndarray, limit: np.ndarray) -> Inputs:
    count = len(keys)
    night = NightParameters(
        business_date=day,
        cut_off_at=datetime.combine(day + timedelta(days=1), datetime.min.time()),
        previous_business_date=day - timedelta(days=1) if number else None,
        is_void=False,
        home_name="noise",
    )
    sources = trusted_sources(FIRST - timedelta(days=400))
    accounts = pa.table(
        {
            "account_key": keys,
            "customer_key": keys,
            "product_code": ["jiebei_standard"] * count,
            "status": ["active"] * count,
            "opened_date": [date(2020, 1, 1)] * count,
            "limit_minor": limit,
            "principal_minor": np.zeros(count, np.int64),
            "legal_entity_code": ["BANK01"] * count,
            "purpose_code": ["consumer"] * count,
            "channel_code": ["internet"] * count,
            "income_monthly_minor": np.full(count, 20_000_00),
            "income_as_of_date": [day] * count,
            "raise_consent_code": ["opted_in"] * count,
        },
        schema=ACCOUNT_COLUMNS,
    )
    values = {name: np.zeros(count, np.int64) for name in all_features()} | {"f06_util_bp": np.full(count, 5000)}
    features = pa.table({"customer_key": keys, **values})
    return Inputs(
        night, sources, policies, accounts, features, EVENT_COLUMNS.empty_table(), OPENING_COLUMNS.empty_table()
    )


def measures(paths: Paths) -> dict[str, float]:
    """The figures of the reference's table, after the settling nights."""
    limits = paths.limits[SETTLING_NIGHTS:].astype(float)
    happens = paths.happens - SETTLING_NIGHTS
    change = np.sign(np.diff(limits, axis=0))
    years = limits.shape[1] * change.shape[0] / 365
    dips, falls, stable = (np.flatnonzero(paths.kind == kind) for kind in (DIP, FALL, STABLE))
    before = limits[happens - 1, np.arange(limits.shape[1])]
    after = np.array([limits[n : n + 30, c].min() for c, n in enumerate(happens)])
    lowest = (limits / np.maximum.accumulate(limits, axis=0)).min(axis=0)
    reached = [_nights_to_level(limits[:, c], paths.targets[SETTLING_NIGHTS:, c], happens[c]) for c in falls]
    return {
        "changes/cust-yr": float((change != 0).sum() / years),
        "reversals <=30 d/cust-yr": float(_reversals(change) / years),
        "3-night dip cut >20 %": float((after[dips] < 0.8 * before[dips]).mean() * 100),
        "stable cust ever cut >20 %": float((lowest[stable] < 0.8).mean() * 100),
        "nights to within 25 % of new level": float(np.median(reached)),
    }


def _reversals(change: np.ndarray) -> int:
    count = 0
    for moves in change.T:
        nights = np.flatnonzero(moves)
        turned = (np.diff(moves[nights]) != 0) & (np.diff(nights) <= 30)
        count += int(turned.sum())
    return count


def _nights_to_level(limits: np.ndarray, targets: np.ndarray, happens: int) -> float:
    near = np.flatnonzero(limits[happens:] <= 1.25 * targets[happens:])
    return float(near[0]) if len(near) else float(len(limits) - happens)
