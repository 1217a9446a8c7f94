"""The files of a policy pack and the columns of each (docs/reference/policy.md)."""

from __future__ import annotations

from datetime import date
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Column name to DuckDB type; amounts are decimals in major units, dates half-open [from, to), empty is open.
from creditline.home.files import Json

PACK_FILES: dict[str, dict[str, str]] = {
    "scorecard": {
        "feature": "varchar", "is_missing": "boolean", "lower": "bigint", "upper": "bigint", "points": "bigint",
        "reason_code": "varchar", "sign": "bigint",
    },
    "band": {
        "band": "varchar", "lower_score": "bigint", "upper_score": "bigint", "pd_bp": "bigint", "cut_step_bp": "bigint",
    },
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
        "trigger_code": "varchar", "condition_group": "bigint", "feature": "varchar", "operator": "varchar",
        "threshold": "bigint", "effect": "varchar", "effect_bp": "bigint", "hold_nights": "bigint",
        "reason_code": "varchar", "source_name": "varchar", "description": "varchar",
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
        "source_name": "varchar", "from_date": "date", "to_date": "date", "description": "varchar",
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
        "reason_code": "varchar", "cause": "varchar", "audience": "varchar", "zh": "varchar", "en": "varchar",
        "advice_zh": "varchar", "advice_en": "varchar",
    },
}  # fmt: skip

# What tells the rows of a file apart: no two rows share it, and `policy diff` compares rows of the same key.
ROW_KEYS: dict[str, tuple[str, ...]] = {
    "scorecard": ("feature", "is_missing", "lower"),
    "band": ("band",),
    "strategy_matrix": ("band", "lower_utilisation_bp"),
    "product_tier": ("product_code",),
    "regulatory_cap": ("rule_id", "effective_from"),
    "regulatory_parameter": ("param", "jurisdiction", "entity_type", "purpose", "channel", "effective_from"),
    "trigger": ("trigger_code", "condition_group", "feature"),
    "cure_rule": ("trigger_code",),
    "freeze_rule": ("feature", "threshold"),
    "maintenance_window": ("source_name", "from_date"),
    "calendar": ("kind", "value", "source_name", "effective_from"),
    "notice_rule": ("action", "reason_code", "channel", "effective_from"),
    "reason_text": ("reason_code", "audience"),
}

# Cells that may be empty: an open end, a rule that is not asked. In all other cells a value is missing.
MAY_BE_EMPTY: dict[str, frozenset[str]] = {
    "scorecard": frozenset({"lower", "upper"}),
    "strategy_matrix": frozenset({"lower_utilisation_bp", "upper_utilisation_bp"}),
    "product_tier": frozenset({"income_multiple_bp"}),
    "regulatory_cap": frozenset({"effective_to", "approved_by"}),
    "regulatory_parameter": frozenset({"base", "effective_to", "approved_by"}),
    "trigger": frozenset({"effect_bp"}),
    "cure_rule": frozenset({"max_days_past_due"}),
    "calendar": frozenset({"effective_to"}),
    "notice_rule": frozenset({"effective_to"}),
}

ASSIGNMENT_COLUMNS = {
    "legal_entity_code": "varchar",
    "product_code": "varchar",
    "pack": "varchar",
    "role": "varchar",
    "share_bp": "bigint",
    "effective_from": "date",
    "effective_to": "date",
}

# What dec_reason_text can fill (macros/fill_placeholders.sql).
PLACEHOLDERS = frozenset({"n", "p", "amt", "k", "q", "rule", "date"})


# Names that become parts of paths and of SQL, in packs and in their routing.
PACK_NAME = r"^[a-z0-9][a-z0-9_-]{0,31}$"
CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
# The engine counts in 64 bits; amounts are multiplied before they are divided.
_LARGEST = 10**12


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _numbers_the_engine_can_count(self) -> _Section:
        for name, value in self:
            if isinstance(value, int) and abs(value) > _LARGEST:
                raise ValueError(f"{name} is beyond {_LARGEST}")
        return self


class Confirmation(_Section):
    """How many nights must agree before a limit falls."""

    ewma_alpha_pct: int = Field(ge=1, le=100)
    window_nights: int = Field(ge=1)
    needed_nights: int = Field(ge=1)


class Slots(_Section):
    """How many days lie between a customer's slots for cuts and for raises."""

    cut_days: int = Field(ge=1)
    raise_days: int = Field(ge=1)


class Steps(_Section):
    """How far one raise goes: a share of the limit, or back towards the reference limit a share of that."""

    raise_share_bp: int = Field(ge=0)
    climb_share_bp: int = Field(ge=0)


class Raises(_Section):
    """What a raise asks for; an absent income age asks for no income, an absent budget leaves raises unbounded."""

    least_tenure_days: int = Field(ge=0)
    most_days_past_due_30d: int = Field(ge=0)
    most_income_age_days: int | None = Field(ge=0)
    is_consent_required: bool
    nightly_budget_amount: int | None = Field(ge=0)


class Breaker(_Section):
    """Above these a slice is held for a second person."""

    median_nights: int = Field(ge=1)
    cuts_over_median_pct: int = Field(ge=100)
    least_cuts: int = Field(ge=0)
    exposure_change_bp: int = Field(ge=0)
    floored_share_bp: int = Field(ge=0)
    least_floored: int = Field(ge=0)


class Freezes(_Section):
    """More new freezes in one night than this are taken for a fault of ours."""

    mass_share_bp: int = Field(ge=0)
    mass_least_customers: int = Field(ge=0)


class Drift(_Section):
    """A feature whose shares move further overnight, in a book of at least so many customers, is distrusted."""

    most_variation_bp: int = Field(ge=0, le=10000)
    least_customers: int = Field(ge=1)


class Reasons(_Section):
    """How many reasons are cited, and how small a share of the points lost is left out."""

    most_reasons: int = Field(ge=1, le=4)
    least_reason_share_bp: int = Field(ge=0, le=10000)


class Validation(_Section):
    """Who validated the pack, on what evidence, and until when that holds."""

    validator: str = Field(pattern=r"\S")
    evidence: str = Field(pattern=r"\S")
    next_due_date: date


class PackSettings(_Section):
    """`policy.yml` of a pack."""

    name: str = Field(pattern=PACK_NAME)
    description: str = Field(pattern=r"\S", max_length=1000)
    entity: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")
    jurisdiction: str = Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
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
    steps: Steps
    raises: Raises
    breaker: Breaker
    freezes: Freezes
    drift: Drift
    reasons: Reasons
    # absent, the pack decides and nobody is ordered about by it
    validation: Validation | None = None

    def scalars(self) -> Json:
        """The settings as one flat row; names of sections fall away."""
        row: Json = {}
        for name, value in self.model_dump(mode="json").items():
            section = _section_of(type(self).model_fields[name].annotation)
            if section is None:
                row[name] = value
            else:
                row |= value or dict.fromkeys(section.model_fields)
        return row

    @classmethod
    def columns(cls) -> dict[str, str]:
        """Names of the flat row and their DuckDB types, in its order."""
        kinds: dict[object, str] = {
            bool: "boolean",
            int: "bigint",
            int | None: "bigint",
            str: "varchar",
            date: "varchar",
        }
        found: dict[str, str] = {}
        for name, field in cls.model_fields.items():
            section = _section_of(field.annotation)
            if section is not None:
                found |= {inner: kinds[entry.annotation] for inner, entry in section.model_fields.items()}
            else:
                found[name] = kinds[field.annotation]
        return found


def _section_of(annotation: object) -> type[BaseModel] | None:
    """The section that a field holds, also where it may be absent; None of a field that is no section."""
    kinds = get_args(annotation) or (annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
