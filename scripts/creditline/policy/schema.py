"""The files of a policy pack and the columns of each (docs/reference/policy.md)."""

from __future__ import annotations

from datetime import date
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from creditline.home.files import Json
from creditline.policy.rows import PACK_NAME, PACK_ROWS, AssignmentRow

# Column name to DuckDB type, by file. Amounts are decimals in major units, dates are half-open [from, to),
# an empty date is open.
PACK_FILES = {kind.file: kind.columns() for kind in PACK_ROWS}
ROW_KEYS = {kind.file: kind.key for kind in PACK_ROWS}
ASSIGNMENT_COLUMNS = AssignmentRow.columns()

# The placeholders that dec_reason_text can fill (macros/fill_placeholders.sql).
PLACEHOLDERS = frozenset({"n", "p", "amt", "k", "q", "rule", "date"})


# The engine counts in 64 bits, and amounts are multiplied before they are divided.
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
    """The size of one raise: a share of the limit, or a share of the way back to the reference limit."""

    raise_share_bp: int = Field(ge=0)
    climb_share_bp: int = Field(ge=0)


class Raises(_Section):
    """What a raise needs. Without an income age it needs no income; without a budget raises have no bound."""

    min_tenure_days: int = Field(ge=0)
    max_days_past_due_30d: int = Field(ge=0)
    max_income_age_days: int | None = Field(ge=0)
    is_consent_required: bool
    nightly_budget_amount: int | None = Field(ge=0)


class Breaker(_Section):
    """The bounds above which a slice is held until a second person approves it."""

    median_nights: int = Field(ge=1)
    cuts_over_median_pct: int = Field(ge=100)
    min_cuts: int = Field(ge=0)
    exposure_change_bp: int = Field(ge=0)
    floored_share_bp: int = Field(ge=0)
    min_floored: int = Field(ge=0)


class Freezes(_Section):
    """The number of new freezes in one night above which we assume a fault of ours."""

    mass_share_bp: int = Field(ge=0)
    mass_min_customers: int = Field(ge=0)


class Drift(_Section):
    """The bound on how far a feature's shares move overnight before it is distrusted, in a book of enough customers."""

    max_variation_bp: int = Field(ge=0, le=10000)
    min_customers: int = Field(ge=1)


class Reasons(_Section):
    """How many reasons are cited, and below which share of the lost points a reason is left out."""

    max_reasons: int = Field(ge=1, le=4)
    min_reason_share_bp: int = Field(ge=0, le=10000)


class Validation(_Section):
    """Who validated the pack, on what evidence, and when the validation is due again."""

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
    tolerance_bp: int = Field(ge=0, lt=10000)
    confirmation: Confirmation
    slots: Slots
    steps: Steps
    raises: Raises
    breaker: Breaker
    freezes: Freezes
    drift: Drift
    reasons: Reasons
    # without it the pack decides, and no orders follow from its decisions
    validation: Validation | None = None

    def scalars(self) -> Json:
        """The settings as one flat row, without the names of the sections."""
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
        """The names and DuckDB types of the flat row, in its order."""
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
    """The section that a field holds, even if the field is optional; None if the field is no section."""
    kinds = get_args(annotation) or (annotation,)
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
