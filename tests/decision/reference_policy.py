"""A policy pack as the reference reads it: the text rows of its files, typed, and what can be asked of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from creditline.policy import Pack

Row = dict[str, object]


def minor(amount: object) -> int:
    """Minor units of an amount in major units."""
    return int(Decimal(str(amount)) * 100)


def units_down(value: int, unit: int) -> int:
    """Rounded down to whole units."""
    return value // unit * unit


def number(text: str) -> int | None:
    """An integer, or None for an empty cell."""
    return int(text) if text.strip() else None


def most_specific(assignments: list[Row], account: Row, role: str) -> Row | None:
    """The row of a role that fits the account best: a named entity before `*`, then a named product before `*`."""
    fitting = [
        row
        for row in assignments
        if row["role"] == role
        and row["legal_entity_code"] in ("*", account["legal_entity_code"])
        and row["product_code"] in ("*", account["product_code"])
    ]
    return min(fitting, key=lambda row: (row["legal_entity_code"] == "*", row["product_code"] == "*"), default=None)


@dataclass(frozen=True)
class Cure:
    """What cures a trigger."""

    clean_nights: int
    max_past_due: int | None
    min_on_time: int


class Rules:
    """One pack, typed."""

    def __init__(self, pack: Pack) -> None:
        settings = pack.settings
        self.tables, self.name, self.version = pack.tables, settings.name, pack.policy_version
        self.floor, self.unit = minor(settings.floor_amount), minor(settings.rounding_amount)
        self.base, self.least, self.most = settings.score_base, settings.score_min, settings.score_max
        self.tolerance_bp = settings.tolerance_bp
        self.alpha, self.window_nights = settings.confirmation.ewma_alpha_pct, settings.confirmation.window_nights
        self.needed_nights = settings.confirmation.needed_nights
        self.cut_days, self.raise_days = settings.slots.cut_days, settings.slots.raise_days
        self.raise_share_bp, self.climb_share_bp = settings.steps.raise_share_bp, settings.steps.climb_share_bp
        raises = settings.raises
        self.min_tenure_days, self.max_days_past_due_30d = raises.min_tenure_days, raises.max_days_past_due_30d
        self.max_income_age_days, self.is_consent_required = raises.max_income_age_days, raises.is_consent_required
        self.budget = None if raises.nightly_budget_amount is None else minor(raises.nightly_budget_amount)
        self.mass_share_bp, self.mass_min_customers = (
            settings.freezes.mass_share_bp,
            settings.freezes.mass_min_customers,
        )
        self.drift = settings.drift
        self.max_reasons = settings.reasons.max_reasons
        self.min_reason_share_bp = settings.reasons.min_reason_share_bp

    # ---- score

    @cached_property
    def scored(self) -> dict[str, list[tuple[int | None, int | None, int]]]:
        bins: dict[str, list[tuple[int | None, int | None, int]]] = defaultdict(list)
        for row in self.tables["scorecard"]:
            if row["is_missing"] != "true":
                bins[row["feature"]].append((number(row["lower"]), number(row["upper"]), int(row["points"])))
        return dict(bins)

    @cached_property
    def _missing(self) -> dict[str, int]:
        return {row["feature"]: int(row["points"]) for row in self.tables["scorecard"] if row["is_missing"] == "true"}

    def points(self, feature: str, value: int | None) -> int:
        if value is None:
            return self._missing[feature]
        return self.scored[feature][self.bin_of(feature, value)][2]

    def bin_of(self, feature: str, value: int | None) -> int | None:
        """The place of the bin that holds a value; None for MISSING."""
        if value is None:
            return None
        for place, (lower, upper, _) in enumerate(self.scored[feature]):
            if (lower is None or lower <= value) and (upper is None or value < upper):
                return place
        raise LookupError(f"no bin of {feature} holds {value}")

    def best_points(self, feature: str) -> int:
        return max(self._missing[feature], *(points for _, _, points in self.scored[feature]))

    def raw_score(self, features: Row) -> int:
        return self.base + sum(self.points(name, features[name]) for name in self.scored)

    def clamped(self, score: int) -> int:
        return max(self.least, min(self.most, score))

    def score(self, features: Row) -> int:
        return self.clamped(self.raw_score(features))

    def smoothed(self, before: tuple[int, ...], score: int) -> int:
        return before[-1] + self.alpha * (1000 * score - before[-1]) // 100 if before else 1000 * score

    def confirmed(self, evidence: tuple[int, ...]) -> int | None:
        window = sorted(evidence[-self.window_nights :])
        return window[self.needed_nights - 1] if len(window) >= self.needed_nights else None

    # ---- bands and multipliers

    @cached_property
    def _bands(self) -> list[Row]:
        return sorted(self.tables["band"], key=lambda row: int(row["lower_score"]))

    def band_of(self, milli: int) -> Row:
        return next(
            row for row in self._bands if 1000 * int(row["lower_score"]) <= milli < 1000 * int(row["upper_score"])
        )

    def _cell(self, band: str, utilisation: int) -> int:
        for row in self.tables["strategy_matrix"]:
            lower, upper = number(row["lower_utilisation_bp"]), number(row["upper_utilisation_bp"])
            if (
                row["band"] == band
                and (lower is None or lower <= utilisation)
                and (upper is None or utilisation < upper)
            ):
                return int(row["multiplier_bp"])
        raise LookupError(f"no cell of {band} holds {utilisation}")

    def multiplier(self, milli: int, utilisation: int) -> int:
        band = self.band_of(milli)
        cell = self._cell(band["band"], utilisation)
        place = self._bands.index(band)
        if place == len(self._bands) - 1:
            return cell
        better = self._cell(self._bands[place + 1]["band"], utilisation)
        lower, upper = int(band["lower_score"]), int(band["upper_score"])
        return cell + (better - cell) * (milli - 1000 * lower) // (1000 * (upper - lower))

    # ---- bounds

    @cached_property
    def _tiers(self) -> dict[str, Row]:
        return {
            row["product_code"]: {
                "max": minor(row["max_limit_amount"]),
                "min_draw": minor(row["min_draw_amount"]),
                "multiple_bp": number(row["income_multiple_bp"]),
            }
            for row in self.tables["product_tier"]
        }

    def tier(self, account: Row) -> Row | None:
        return self._tiers.get(account["product_code"])

    def income_multiple(self, account: Row) -> int | None:
        tier = self.tier(account)
        return None if tier is None else tier["multiple_bp"]

    def min_draw(self, account: Row) -> int:
        tier = self.tier(account)
        return 0 if tier is None else tier["min_draw"]

    def in_maintenance(self, source: str, day: date) -> bool:
        return any(
            row["source_name"] == source and row["from_date"] <= day.isoformat() < row["to_date"]
            for row in self.tables["maintenance_window"]
        )

    def caps(self, day: date) -> list[Row]:
        return [row for row in self._caps if row["from"] <= day.isoformat() and not ("" < row["to"] <= day.isoformat())]

    @cached_property
    def _caps(self) -> list[Row]:
        return [
            {
                "base": row["base"],
                "cap": minor(row["cap_amount"]),
                "from": row["effective_from"],
                "to": row["effective_to"],
                "concerns": lambda account, row=row: all(
                    row[name] in ("*", account[name]) for name in ("legal_entity_code", "purpose_code", "channel_code")
                ),
            }
            for row in self.tables["regulatory_cap"]
            if row["is_enabled"] == "true"
        ]

    def lead_days(self, action: str, reason: str | None, day: date) -> int:
        """Lead days of a notice: a rule for the first reason before the one for all."""
        rows = [
            row
            for row in self.tables["notice_rule"]
            if row["action"] == action
            and row["reason_code"] in ("*", reason)
            and row["effective_from"] <= day.isoformat()
            and not ("" < row["effective_to"] <= day.isoformat())
        ]
        best = min(rows, key=lambda row: row["reason_code"] == "*", default=None)
        return int(best["lead_days"]) if best else 0

    # ---- triggers

    @cached_property
    def triggers(self) -> dict[str, list[list[Row]]]:
        """Groups of conditions by trigger, in the order of their numbers."""
        groups: dict[str, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.tables["trigger"]:
            groups[row["trigger_code"]][int(row["condition_group"])].append(row)
        return {code: [rows for _, rows in sorted(found.items())] for code, found in sorted(groups.items())}

    def meets(self, row: Row, value: int | None) -> bool:
        if value is None:
            return False
        threshold = int(row["threshold"])
        return {
            ">=": value >= threshold,
            ">": value > threshold,
        }[row["operator"]]

    def hold_nights(self, code: str) -> int:
        return int(self.triggers[code][0][0]["hold_nights"])

    def effect(self, code: str) -> tuple[str, int]:
        row = self.triggers[code][0][0]
        return row["effect"], number(row["effect_bp"]) or 0

    def cure(self, code: str) -> Cure:
        row = next(row for row in self.tables["cure_rule"] if row["trigger_code"] == code)
        return Cure(
            int(row["clean_nights"]), number(row["max_days_past_due"]), number(row["min_on_time_instalments"]) or 0
        )

    # ---- freezes

    @cached_property
    def freeze_rows(self) -> tuple[Row, ...]:
        return self.tables["freeze_rule"]

    @cached_property
    def freeze_at_points(self) -> int:
        return int(self.freeze_rows[0]["freeze_at_points"])

    @cached_property
    def freeze_hours(self) -> int:
        return int(self.freeze_rows[0]["ttl_hours"]) if self.freeze_rows else 0

    @cached_property
    def max_extensions(self) -> int:
        return int(self.freeze_rows[0]["max_extensions"]) if self.freeze_rows else 0

    # ---- reasons

    @cached_property
    def _reason_codes(self) -> dict[str, str]:
        return {row["feature"]: row["reason_code"] for row in self.tables["scorecard"]}

    def reason_of(self, feature: str) -> str:
        return self._reason_codes[feature]

    @cached_property
    def _causes(self) -> dict[str, str]:
        return {row["reason_code"]: row["cause"] for row in self.tables["reason_text"]}

    def cause(self, code: str) -> str:
        return self._causes.get(code, code)
