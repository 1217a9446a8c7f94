"""The files of a policy pack and the columns of each (docs/policy.md)."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

# Column name to DuckDB type; amounts are decimals in major units, dates half-open [from, to), empty is open.
PACK_FILES: dict[str, dict[str, str]] = {
    "scorecard": {
        "feature": "varchar", "is_missing": "boolean", "lower": "bigint", "upper": "bigint", "points": "bigint",
        "reason_code": "varchar", "sign": "bigint",
    },
    "band": {"band": "varchar", "lower_score": "bigint", "upper_score": "bigint", "pd_bp": "bigint"},
    "strategy_matrix": {
        "band": "varchar", "lower_utilisation_bp": "bigint", "upper_utilisation_bp": "bigint", "multiplier_bp": "bigint",
    },
    "product_tier": {
        "product_code": "varchar", "tier": "varchar", "max_limit_amount": "decimal(18, 2)",
        "min_draw_amount": "decimal(18, 2)", "income_multiple_bp": "bigint",
    },
    "regulatory_cap": {
        "rule_id": "varchar", "legal_entity_code": "varchar", "purpose_code": "varchar", "channel_code": "varchar",
        "base": "varchar", "cap_amount": "decimal(18, 2)", "effective_from": "date", "effective_to": "date",
        "known_at": "date", "citation": "varchar", "source": "varchar", "evidence": "varchar", "approved_by": "varchar",
        "is_enabled": "boolean",
    },
    "regulatory_parameter": {
        "param": "varchar", "jurisdiction": "varchar", "entity_type": "varchar", "purpose": "varchar",
        "channel": "varchar", "value": "varchar", "unit": "varchar", "base": "varchar", "effective_from": "date",
        "effective_to": "date", "source": "varchar", "evidence": "varchar", "approved_by": "varchar",
        "is_enabled": "boolean",
    },
    "trigger": {
        "trigger_code": "varchar", "feature": "varchar", "operator": "varchar", "threshold": "bigint",
        "effect": "varchar", "source_name": "varchar", "description": "varchar",
    },
    "cure_rule": {
        "trigger_code": "varchar", "clean_nights": "bigint", "max_days_past_due": "bigint",
        "min_on_time_instalments": "bigint",
    },
    "freeze_rule": {
        "feature": "varchar", "threshold": "bigint", "points": "bigint", "freeze_at_points": "bigint",
        "ttl_hours": "bigint", "max_extensions": "bigint",
    },
    "maintenance_window": {
        "source_name": "varchar", "from_at": "timestamp", "to_at": "timestamp", "description": "varchar",
    },
    "calendar": {
        "kind": "varchar", "value": "varchar", "source_name": "varchar", "effective_from": "date",
        "effective_to": "date",
    },
    "notice_rule": {
        "action": "varchar", "reason_code": "varchar", "lead_days": "bigint", "due_days": "bigint",
        "is_required": "boolean", "channel": "varchar", "citation": "varchar", "effective_from": "date",
        "effective_to": "date",
    },
    "reason_text": {
        "reason_code": "varchar", "audience": "varchar", "zh": "varchar", "en": "varchar", "advice_zh": "varchar",
        "advice_en": "varchar",
    },
}  # fmt: skip

ASSIGNMENT_COLUMNS = {
    "legal_entity_code": "varchar",
    "product_code": "varchar",
    "pack": "varchar",
    "effective_from": "date",
    "effective_to": "date",
}

# What dec_reason_text can fill (macros/fill_placeholders.sql).
PLACEHOLDERS = frozenset({"n", "p", "amt", "k", "q", "rule", "date"})


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Confirmation(_Section):
    """How many nights must agree before a limit falls."""

    ewma_alpha_pct: int = Field(ge=1, le=100)
    window_nights: int = Field(ge=1)
    needed_nights: int = Field(ge=1)


class Slots(_Section):
    """How many days lie between a customer's slots for cuts and for raises."""

    cut_days: int = Field(ge=1)
    raise_days: int = Field(ge=1)


class Breaker(_Section):
    """Above these a slice is held for a second person."""

    cuts_over_median_pct: int
    exposure_change_bp: int
    floored_share_bp: int


class Reasons(_Section):
    """How many reasons are cited, and how small a share of the points lost is left out."""

    most_reasons: int = Field(ge=1, le=4)
    least_reason_share_bp: int = Field(ge=0, le=10000)


class Validation(_Section):
    """Who validated the pack, on what evidence, and when the next validation is due."""

    validator: str
    evidence: str
    next_due_date: date


class PackSettings(_Section):
    """`policy.yml` of a pack."""

    name: str
    description: str
    entity: str
    jurisdiction: str
    currency: str
    is_demo: bool
    floor_amount: int = Field(ge=0)
    rounding_amount: int = Field(ge=1)
    score_base: int
    score_min: int
    score_max: int
    lgd_bp: int = Field(ge=0, le=10000)
    ccf_bp: int = Field(ge=0, le=10000)
    adjustment_valid_days: int = Field(ge=1)
    play_bp: int = Field(ge=0, lt=10000)
    confirmation: Confirmation
    slots: Slots
    breaker: Breaker
    reasons: Reasons
    validation: Validation

    def scalars(self) -> dict[str, object]:
        """The settings as one flat row; names of sections fall away."""
        row: dict[str, object] = {}
        for name, value in self.model_dump(mode="json").items():
            row |= value if isinstance(value, dict) else {name: value}
        return row
