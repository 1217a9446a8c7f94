"""Paths: the lives of many customers of one book, in arrays, and their twins under other keys.

A night's inputs come from the life (the same for everybody who asks with the same seed) and from the limits that the core
holds, which follow what was decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from decision_book import SPECIAL
from decision_harness import ACCOUNT_COLUMNS, EVENT_COLUMNS, OPENING_COLUMNS, Inputs, all_features, seed_features
from decision_packs import FILES, TIERS, caps, freeze_rules, make_pack, route

from creditline.landing.contract import contract
from creditline.policy import Pack, PolicySet
from creditline.warehouse.sources import NightParameters, NightSource

START = date(2026, 3, 1)
NEW_VERSION_ON = 14
# Twins have the same slots: these days of slots divide their distance.
SLOT_DAYS = 210
MAINTENANCE = (date(2026, 3, 8), date(2026, 3, 9))
# Drawn safest first; a twin who is riskier stands further right.
LADDERS = {
    "f01_dpd_now": [0, 0, 0, 0, 1, 3, 9, 10, 29, 30, 90],
    "f02_dpd_max_30d": [0, 0, 0, 1, 3, 9, 10, 30],
    "f23_first_payment_default": [0] * 30 + [1],
    "f41_related_dpd_30d": [0] * 9 + [5, 29, 30],
    "f13_small_apps_7d": [0, 0, 1, 2, 3, 4, 6],
    "f24_bounced_payments_90d": [0, 0, 0, 1, 2, 3],
    "bureau_has_new_default": [0] * 30 + [1],
    "f06_util_bp": [-50, 0, 2999, 3000, 6999, 7000, 9499, 9500, 14000],
    "on_time_instalments_90d": [5, 4, 3, 2, 1, 0],
    "due_instalments_90d": [3],
    "suspicious_events_new": [0],
}
# Sources whose features may be late; without the snapshot a night is void.
MAY_BE_LATE = ("loan_application", "instalment", "cash_flow", "bureau_score", "related_product", "session")


def promise_packs(folder: Path, *, budget: int | None) -> tuple[Pack, Pack]:
    """A pack that knows every operator but lead days, and its next version."""
    settings = {
        "confirmation": {"ewma_alpha_pct": 40, "window_nights": 5, "needed_nights": 3},
        "slots": {"cut_days": 3, "raise_days": 5},
        "raises": {
            "min_tenure_days": 50,
            "max_days_past_due_30d": 3,
            "max_income_age_days": 250,
            "is_consent_required": True,
            "nightly_budget_amount": budget,
        },
        "freezes": {"mass_share_bp": 10000, "mass_min_customers": 5},
        # the generated features move as no book does
        "drift": {"max_variation_bp": 10000, "min_customers": 1},
    }
    rows = FILES | {
        "freeze_rule": freeze_rules(6, 30, 2),
        "maintenance_window": [("*", *map(str, MAINTENANCE), "the house")],
        "product_tier": list(TIERS),
        "regulatory_cap": caps(
            (
                ("WIDE", "*", "*", "*", "LIMIT", "60000.00", "1990-01-01", "", "true"),
                ("NARROW", "*", "consumer", "internet", "LIMIT", "15000.00", "2026-03-12", "", "true"),
            )
        ),
    }
    later = settings | {"tolerance_bp": 1000, "score_base": 735}
    return (
        make_pack(folder / "now", "alpha", settings=settings, rows=rows),
        make_pack(folder / "next", "alpha", settings=later, rows=rows),
    )


@dataclass(frozen=True)
class Course:
    """One night of a life: its day, whether it is void, which sources are late."""

    day: date
    is_void: bool = False
    late: frozenset[str] = frozenset()


def courses(seed: int, nights: int, *, void_share: float = 0.08, late_share: float = 0.15) -> list[Course]:
    """Nights with gaps, void ones and late sources."""
    choose, day, found = np.random.default_rng([seed, 1]), START, []
    for number in range(nights):
        late = frozenset(name for name in MAY_BE_LATE if choose.random() < late_share / 2)
        is_void = 0 < number < nights - 1 and choose.random() < void_share
        found.append(Course(day, bool(is_void), late if number else frozenset()))
        day += timedelta(days=int(choose.choice([1, 1, 1, 1, 1, 2, 3])))
    return found


@dataclass
class Half:
    """One of the two: the customers under keys from `first_key` on, and the limits that the core holds for them."""

    first_key: int
    limits: np.ndarray = field(default_factory=lambda: np.array([], dtype=np.int64))


class Lives:
    """The life of `count` customers up to the night that was asked for last; some have a second account."""

    def __init__(self, seed: int, count: int, packs: tuple[Pack, Pack], *, second_account: float = 0.4) -> None:
        self.choose = np.random.default_rng([seed, 2])
        self.count, self.packs, self.number = count, packs, -1
        self.ladders = {name: _ladder(packs[0], name) for name in all_features()}
        self.steps = {name: np.zeros(count, dtype=np.int64) for name in self.ladders}
        self.shifts = {name: np.zeros(count, dtype=np.int64) for name in self.ladders}
        self.missing = {name: np.zeros(count, dtype=bool) for name in self.ladders}
        self.mood = self.choose.choice([0.4, 1.0, 2.0, 5.0], size=count)
        self.events: list[dict] = []
        self._open_accounts(second_account)

    def _open_accounts(self, second_account: float) -> None:
        choose = self.choose
        self.owner = np.sort(
            np.concatenate([np.arange(self.count), np.flatnonzero(choose.random(self.count) < second_account)])
        )
        size = len(self.owner)
        place = np.concatenate([[0], (self.owner[1:] == self.owner[:-1]).astype(np.int64)])
        self.account_offset = self.owner * 10 + place
        self.first_limits = choose.integers(5, 300, size=size) * 10_000
        self.references = self.first_limits * choose.choice([1, 1, 2, 4], size=size)
        self.principal = (self.first_limits * choose.choice([-0.01, 0, 0.1, 0.3, 0.6, 0.95], size=size)).astype(
            np.int64
        )
        self.products = choose.choice(["mini", "standard", "standard", "plus"], size=size)
        self.purposes = choose.choice(["consumer", "business"], size=size)
        self.channels = choose.choice(["internet", "branch"], size=size)
        self.status = choose.choice(["active", "active", "active", "active", "blocked"], size=size)
        self.tenure = choose.integers(0, 900, size=size)
        self.income = choose.integers(2_000, 20_000, size=self.count)[self.owner] * 100
        self.income_age = choose.integers(0, 300, size=size)
        self.consent = choose.choice(["opted_in"] * 6 + ["opted_out"], size=size)

    # ---- one night further

    def advance(self, day: date) -> None:
        """Draw what changes up to this night. The first night is calm: nothing on it fires a trigger."""
        self.number += 1
        choose = self.choose
        is_moody = choose.random(self.count) < 0.04
        self.mood[is_moody] = choose.choice([0.4, 1.0, 2.0, 5.0], size=is_moody.sum())
        for name, ladder in self.ladders.items():
            is_new = choose.random(self.count) < (0.5 if self.number == 1 else 0.1)
            places = (choose.random(self.count) ** self.mood * len(ladder)).astype(np.int64)
            shifts = np.where(choose.random(self.count) < 0.3, choose.integers(0, len(ladder), self.count), 0)
            missing = choose.random(self.count) < 0.05
            if self.number > 0:
                for kept, fresh in ((self.steps, places), (self.shifts, shifts), (self.missing, missing)):
                    kept[name] = np.where(is_new, fresh, kept[name])
        is_moved = choose.random(len(self.owner)) < 0.1
        share = choose.choice([-0.01, 0, 0.1, 0.3, 0.6, 0.95], size=len(self.owner))
        self.principal = np.where(is_moved, (self.first_limits * share).astype(np.int64), self.principal)
        if self.number > 0:
            for _ in range(max(1, self.count // 40)):
                self.events.append(self._event(day))

    def _event(self, day: date) -> dict:
        """A case about one account or its owner, by places; keys are those of the half that asks."""
        choose = self.choose
        kinds = ["appeal", "override", "hardship_pause", "human_review", "limit_request", "limit_request", "legal_hold"]
        kind = str(choose.choice(kinds))
        place = int(choose.integers(len(self.owner)))
        amount = int(self.first_limits[place] * choose.choice([0.3, 0.7, 1.5, 3])) // 1000 * 1000
        return {
            "kind": kind,
            "place": place,
            "is_personal": kind != "override" and bool(choose.integers(2)),
            "occurred_at": datetime.combine(day, time(8)) + timedelta(seconds=len(self.events) % 3600),
            "amount_minor": amount,
            "from_date": day,
            "to_date": day + timedelta(days=int(choose.choice([0, 2, 6, 15]))),
            "actor": "clerk_ann",
            "approver": "clerk_bob",
            "outcome": [None, None, "received", "upheld"][int(choose.integers(4))] if kind != "override" else None,
            "local_date": day,
        }

    # ---- inputs

    def inputs(
        self,
        course: Course,
        previous: date | None,
        halves: list[tuple[Half, Callable[[str], np.ndarray]]],
        *,
        scramble: int | None = None,
    ) -> Inputs:
        """What a night knows of the halves; each comes with the values of a feature by name.

        Args:
            scramble: a seed for what late sources delivered; everybody believes what they knew before.
        """
        pack = self.packs[self.number >= NEW_VERSION_ON]
        cut_off = datetime.combine(course.day + timedelta(days=1), time(2))
        return Inputs(
            night=NightParameters(course.day, cut_off, previous, course.is_void, "test"),
            sources=_sources(course),
            policies=PolicySet((pack,), route(("*", "*", "alpha", "champion", ""))),
            accounts=pa.concat_tables([self._accounts(half) for half, _ in halves]),
            features=self._scrambled(
                pa.concat_tables([self._features(half, values) for half, values in halves]), course, scramble
            ),
            events=pa.Table.from_pylist([row for half, _ in halves for row in self._events(half)], EVENT_COLUMNS),
            opening=pa.concat_tables([self._opening(half) for half, _ in halves]),
        )

    def account_keys(self, half: Half) -> np.ndarray:
        return half.first_key * 10 + self.account_offset

    def _accounts(self, half: Half) -> pa.Table:
        columns = {
            "account_key": self.account_keys(half),
            "customer_key": half.first_key + self.owner,
            "product_code": self.products,
            "status": self.status,
            "opened_date": _days_before(self.tenure),
            "limit_minor": half.limits,
            "principal_minor": self.principal,
            "legal_entity_code": np.full(len(self.owner), "BANK01"),
            "purpose_code": self.purposes,
            "channel_code": self.channels,
            "income_monthly_minor": self.income,
            "income_as_of_date": _days_before(self.income_age),
            "raise_consent_code": self.consent,
        }
        return pa.table({name: pa.array(values) for name, values in columns.items()}).cast(ACCOUNT_COLUMNS)

    def _opening(self, half: Half) -> pa.Table:
        size = len(self.owner)
        return pa.table(
            {
                "account_key": self.account_keys(half),
                "reference_limit_minor": self.references,
                "trigger_code": pa.nulls(size, pa.string()),
                "frozen_until": pa.nulls(size, pa.timestamp("us")),
            }
        ).cast(OPENING_COLUMNS)

    def _features(self, half: Half, values: Callable[[str], np.ndarray]) -> pa.Table:
        columns: dict[str, pa.Array] = {"customer_key": pa.array(half.first_key + np.arange(self.count), pa.int64())}
        for name in self.ladders:
            columns[name] = pa.array(values(name), pa.int64(), mask=self.missing[name])
        return pa.table(columns)

    def _scrambled(self, features: pa.Table, course: Course, seed: int | None) -> pa.Table:
        """The features of late sources dealt out anew."""
        if seed is None:
            return features
        order = pa.array(np.random.default_rng([seed, self.number]).permutation(features.num_rows))
        late = "account_snapshot" if course.is_void else None
        for name, source in all_features().items():
            if source in course.late or source == late:
                place = features.column_names.index(name)
                features = features.set_column(place, name, features[name].take(order))
        return features

    def _events(self, half: Half) -> list[dict]:
        keys = self.account_keys(half)
        rows = []
        for number, event in enumerate(self.events):
            owner = half.first_key + int(self.owner[event["place"]])
            subject = {
                "event_token": f"{half.first_key}-{number:07d}",
                "account_key": None if event["is_personal"] else int(keys[event["place"]]),
                "customer_key": owner if event["is_personal"] else None,
            }
            rows.append(subject | {name: event[name] for name in EVENT_COLUMNS.names if name in event})
        return rows

    def half(self, first_key: int) -> Half:
        """These customers under keys of their own, with the limits of the first night."""
        return Half(first_key, self.first_limits.copy())

    def safer(self, name: str) -> np.ndarray:
        """The values of a feature as they are."""
        return self.ladders[name][self.steps[name]]

    def riskier(self, name: str) -> np.ndarray:
        """The values of the twin who is never safer; what is no credit risk is equal."""
        ladder = self.ladders[name]
        is_equal = (seed_features() | {}).get(name, ("", ""))[0] == "security" or name == "suspicious_events_new"
        shift = 0 if is_equal else self.shifts[name]
        return ladder[np.minimum(self.steps[name] + shift, len(ladder) - 1)]

    def twin_distance(self) -> int:
        """Between the keys of twins: beyond all keys of the first half, and a whole number of slots."""
        return (self.count // SLOT_DAYS + 2) * SLOT_DAYS

    def follow(self, half: Half, decided: pa.Table) -> None:
        """The core takes over what was decided."""
        keys = decided["account_key"].to_numpy()
        limits = decided["recommended_minor"].to_numpy()
        order = np.argsort(keys)
        found = np.searchsorted(keys, self.account_keys(half), sorter=order)
        half.limits = limits[order[found]].astype(np.int64)


def on_time(course: Course) -> Course:
    """The same night with every source in time."""
    return replace(course, late=frozenset())


def _sources(course: Course) -> list[NightSource]:
    found = []
    for name in contract():
        is_late = name in course.late or (name == "account_snapshot" and course.is_void)
        found.append(NightSource(name, True, "distrust" if is_late else "pass", False, is_late, date(2020, 1, 1)))
    return found


def _days_before(days: np.ndarray) -> np.ndarray:
    return np.datetime64(START) - days.astype("timedelta64[D]")


def _ladder(pack: Pack, name: str) -> np.ndarray:
    """Values about the edges of a feature's bins, the safest first."""
    if name in LADDERS:
        return np.array(LADDERS[name], dtype=np.int64)
    rows = [row for row in pack.tables["scorecard"] if row["feature"] == name]
    if not rows:
        return np.array([value for value in SPECIAL[name] if value is not None][:1], dtype=np.int64)
    edges = [int(row[side]) for row in rows for side in ("lower", "upper") if row[side]]
    values = sorted({value for edge in edges for value in (edge - 1, edge)})
    return np.array(values if rows[0]["sign"] == "1" else values[::-1], dtype=np.int64)
