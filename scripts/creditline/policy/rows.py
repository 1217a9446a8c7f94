"""The rows of a policy's files, with one model for each file: what a cell may hold, and what must hold within a row.

An empty cell is null if the model has a default, else the value is missing. Fields are in the order of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Protocol, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

# Names that become parts of paths and of SQL, both in packs and in their routing.
PACK_NAME = r"^[a-z0-9][a-z0-9_-]{0,31}$"
_CODE_OR_ALL = r"\*|[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
EXPECTED_NIGHTS = ("daily", "business_days", "month_end")
# How many characters of a wrong cell are shown.
_SHOWN = 60


def _shown(value: object) -> str:
    return repr(str(value)[:_SHOWN])


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError(f"must be a whole number, is {_shown(text)}")
    return int(text)


def _amount(text: str) -> Decimal:
    if not re.fullmatch(r"[0-9]{1,16}(\.[0-9]{1,2})?", text):
        raise ValueError(
            f"must be an amount in major units, not negative, with at most two decimals, is {_shown(text)}"
        )
    return Decimal(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"must be true or false, is {_shown(text)}")
    return text == "true"


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError(f"must be a date like 2026-09-30, is {_shown(text)}")
    return day


def _between(least: int, most: int | None = None) -> AfterValidator:
    """A number between two bounds, both included."""

    def check(value: int) -> int:
        if value < least or (most is not None and value > most):
            bounds = f"at least {least}" if most is None else f"{least} to {most}"
            raise ValueError(f"must be {bounds}, is {value}")
        return value

    return AfterValidator(check)


def _spelt(pattern: str, said: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {said}, is {_shown(text)}")
        return text

    return AfterValidator(check)


Whole = Annotated[int, BeforeValidator(_whole)]
Natural = Annotated[Whole, _between(0)]
Positive = Annotated[Whole, _between(1)]
BasisPoints = Annotated[Whole, _between(0, 10000)]
Amount = Annotated[Decimal, BeforeValidator(_amount)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Day = Annotated[date, BeforeValidator(_day)]
_CodeOrAll = Annotated[str, _spelt(_CODE_OR_ALL, "* or a code of A-Z a-z 0-9 . _ -")]
_FolderName = Annotated[str, _spelt(PACK_NAME, "the name of a folder beside it, of a-z 0-9 _ -")]

_DUCKDB_TYPES: dict[object, str] = {
    str: "varchar",
    int: "bigint",
    Decimal: "decimal(18, 2)",
    bool: "boolean",
    date: "date",
}


class PolicyRow(BaseModel):
    """A row of `<file>.csv`. `key` names the columns that identify a row: `policy diff` compares rows with one key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: ClassVar[str]
    key: ClassVar[tuple[str, ...]]

    @classmethod
    def columns(cls) -> dict[str, str]:
        """The columns of the file with their DuckDB types, in the order of the file."""
        return {name: _DUCKDB_TYPES[_plain(field.annotation)] for name, field in cls.model_fields.items()}

    def name(self) -> str:
        """The row's key as it is written in the file."""
        return "/".join(map(_text, (getattr(self, column) for column in self.key)))


def _text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain(annotation: object) -> object:
    """The type behind an annotation: int for `Whole | None`, str for a choice."""
    if get_origin(annotation) is Literal:
        return str
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
    return _plain(kinds[0]) if kinds else annotation


class _Dated(Protocol):
    effective_from: date
    effective_to: date | None


class _Enabled(Protocol):
    is_enabled: bool
    approved_by: str | None


_AnyDated = TypeVar("_AnyDated", bound=_Dated)
_AnyEnabled = TypeVar("_AnyEnabled", bound=_Enabled)


def _ends_after(start: str, begins: date, end: str, ends: date | None) -> None:
    if ends is not None and ends <= begins:
        raise ValueError(f"{end} {ends} is not after {start} {begins}")


def _in_force_for_a_day(row: _AnyDated) -> _AnyDated:
    _ends_after("effective_from", row.effective_from, "effective_to", row.effective_to)
    return row


def _approved_if_enabled(row: _AnyEnabled) -> _AnyEnabled:
    if row.is_enabled and row.approved_by is None:
        raise ValueError("it is enabled and nobody approved it: name in approved_by who did")
    return row


class ScorecardRow(PolicyRow):
    """The points of one bin of a feature: `lower` is included, `upper` is excluded, an empty end is open."""

    file = "scorecard"
    key = ("feature", "is_missing", "lower")

    feature: str
    is_missing: Flag
    lower: Whole | None = None
    upper: Whole | None = None
    points: Whole
    reason_code: str
    sign: Whole


class BandRow(PolicyRow):
    """A band of scores; `upper_score` is excluded."""

    file = "band"
    key = ("band",)

    band: str
    lower_score: Whole
    upper_score: Whole
    pd_bp: BasisPoints
    cut_step_bp: BasisPoints


class MatrixRow(PolicyRow):
    """The multiplier of the reference limit for a band and a bin of utilisation; an empty end is open."""

    file = "strategy_matrix"
    key = ("band", "lower_utilisation_bp")

    band: str
    lower_utilisation_bp: Whole | None = None
    upper_utilisation_bp: Whole | None = None
    multiplier_bp: Natural


class TierRow(PolicyRow):
    """The most that a product lends, and its smallest draw."""

    file = "product_tier"
    key = ("product_code",)

    product_code: str
    tier: str
    max_limit_amount: Amount
    min_draw_amount: Amount
    income_multiple_bp: Positive | None = None

    @model_validator(mode="after")
    def _somebody_can_borrow(self) -> TierRow:
        if self.min_draw_amount > self.max_limit_amount:
            raise ValueError("min_draw_amount is above max_limit_amount, so nobody could borrow")
        return self


class CapRow(PolicyRow):
    """A cap that the law sets."""

    file = "regulatory_cap"
    key = ("rule_id", "effective_from")

    rule_id: str
    legal_entity_code: str
    purpose_code: str
    channel_code: str
    base: Literal["LIMIT", "BALANCE"]
    cap_amount: Amount
    effective_from: Day
    effective_to: Day | None = None
    known_at: Day
    citation: str
    source: str
    evidence: str
    approved_by: str | None = None
    is_enabled: Flag

    _dates = model_validator(mode="after")(_in_force_for_a_day)
    _approval = model_validator(mode="after")(_approved_if_enabled)


class ParameterRow(PolicyRow):
    """A number or word that the law sets and that reports and clocks need."""

    file = "regulatory_parameter"
    key = ("param", "jurisdiction", "entity_type", "purpose", "channel", "effective_from")

    param: str
    jurisdiction: str
    entity_type: str
    purpose: str
    channel: str
    value: str
    unit: str
    base: str | None = None
    effective_from: Day
    effective_to: Day | None = None
    source: str
    evidence: str
    approved_by: str | None = None
    is_enabled: Flag

    _dates = model_validator(mode="after")(_in_force_for_a_day)
    _approval = model_validator(mode="after")(_approved_if_enabled)


class TriggerRow(PolicyRow):
    """One condition of a hard trigger. The rows of one `condition_group` must all be true."""

    file = "trigger"
    key = ("trigger_code", "condition_group", "feature")

    trigger_code: str
    condition_group: Whole
    feature: str
    operator: Literal[">=", ">"]
    threshold: Whole
    effect: Literal["floor", "share_of_reference", "block_draws", "block_raise"]
    effect_bp: BasisPoints | None = None
    hold_nights: Positive
    reason_code: str
    source_name: str
    description: str

    @model_validator(mode="after")
    def _a_share_has_a_number(self) -> TriggerRow:
        if (self.effect == "share_of_reference") != (self.effect_bp is not None):
            raise ValueError("effect_bp belongs to share_of_reference, and to it alone")
        return self


class CureRow(PolicyRow):
    """What ends a trigger."""

    file = "cure_rule"
    key = ("trigger_code",)

    trigger_code: str
    clean_nights: Positive
    max_days_past_due: Natural | None = None
    min_on_time_instalments: Natural


class FreezeRow(PolicyRow):
    """The threshold from which on a feature is suspicious, its points, and when and for how long that freezes."""

    file = "freeze_rule"
    key = ("feature", "threshold")

    feature: str
    threshold: Whole
    points: Positive
    freeze_at_points: Positive
    ttl_hours: Positive
    max_extensions: Natural


class MaintenanceRow(PolicyRow):
    """Days on which a source is in maintenance, or with * the whole house; `to_date` is excluded."""

    file = "maintenance_window"
    key = ("source_name", "from_date")

    source_name: str
    from_date: Day
    to_date: Day
    description: str

    @model_validator(mode="after")
    def _lasts_a_day(self) -> MaintenanceRow:
        _ends_after("from_date", self.from_date, "to_date", self.to_date)
        return self


class CalendarRow(PolicyRow):
    """Which nights are expected and which are not, and until when a source is on time."""

    file = "calendar"
    key = ("kind", "value", "source_name", "effective_from")

    kind: Literal["expected_nights", "holiday", "deadline"]
    value: str
    source_name: str
    effective_from: Day
    effective_to: Day | None = None

    _dates = model_validator(mode="after")(_in_force_for_a_day)

    @model_validator(mode="after")
    def _says_what_its_kind_says(self) -> CalendarRow:
        if self.kind == "deadline":
            if not re.fullmatch(_TIME, self.value):
                raise ValueError(f"a deadline is a local time like 23:30, is {_shown(self.value)}")
            return self
        if self.kind == "expected_nights" and self.value not in EXPECTED_NIGHTS:
            raise ValueError(f"value must be one of {', '.join(EXPECTED_NIGHTS)}, is {_shown(self.value)}")
        if self.source_name != "*":
            raise ValueError("source_name must be *, only deadlines are a source's own")
        if self.kind == "holiday" and self.effective_to is None:
            raise ValueError("a holiday has an end, effective_to, from which on nights are expected again")
        return self


class NoticeRow(PolicyRow):
    """Whether the customer is told of an action, by when, and how many days before it acts."""

    file = "notice_rule"
    key = ("action", "reason_code", "channel", "effective_from")

    action: Literal["UP", "DOWN", "CLOSE", "FREEZE", "RESTORE"]
    reason_code: str
    lead_days: Natural
    due_days: Natural
    is_required: Flag
    channel: str
    citation: str
    effective_from: Day
    effective_to: Day | None = None

    _dates = model_validator(mode="after")(_in_force_for_a_day)

    @model_validator(mode="after")
    def _a_freeze_acts_at_once(self) -> NoticeRow:
        if self.action in ("FREEZE", "RESTORE") and self.lead_days != 0:
            raise ValueError("a freeze or its end acts at once, lead_days must be 0")
        return self


class TextRow(PolicyRow):
    """A reason in words for one audience."""

    file = "reason_text"
    key = ("reason_code", "audience")

    reason_code: str
    cause: str
    audience: Literal["customer", "agent", "restricted"]
    zh: str
    en: str
    advice_zh: str
    advice_en: str


class AssignmentRow(PolicyRow):
    """Which pack decides for a legal entity and product, as champion or challenger. The file lies beside the packs."""

    file = "assignment"
    key = ("legal_entity_code", "product_code", "pack", "role", "effective_from")

    legal_entity_code: _CodeOrAll
    product_code: _CodeOrAll
    pack: _FolderName
    role: Literal["champion", "challenger"]
    share_bp: BasisPoints | None = None
    effective_from: Day
    effective_to: Day | None = None

    _dates = model_validator(mode="after")(_in_force_for_a_day)

    @model_validator(mode="after")
    def _only_a_challenger_has_a_share(self) -> AssignmentRow:
        if (self.role == "challenger") != (self.share_bp is not None):
            raise ValueError("share_bp belongs to a challenger, and to it alone")
        return self


# The files of a pack, in addition to policy.yml.
PACK_ROWS: tuple[type[PolicyRow], ...] = (
    ScorecardRow, BandRow, MatrixRow, TierRow, CapRow, ParameterRow, TriggerRow, CureRow, FreezeRow, MaintenanceRow,
    CalendarRow, NoticeRow, TextRow,
)  # fmt: skip

AnyRow = TypeVar("AnyRow", bound=PolicyRow)


def read_rows(kind: type[AnyRow], texts: Iterable[Mapping[str, str]]) -> tuple[list[AnyRow], list[str]]:
    """The rows of a file, and one line with its line number for each cell or row that breaks its model."""
    rows: list[AnyRow] = []
    problems: list[str] = []
    for number, text in enumerate(texts, start=2):
        cells = {column: cell for column, value in text.items() if (cell := value.strip())}
        try:
            rows.append(kind.model_validate(cells))
        except ValidationError as error:
            where = f"{kind.file}.csv line {number}"
            for each in error.errors():
                problems.append(f"{where}: {_said(kind, each['loc'], each['type'], each['msg'], each['input'])}")
    return rows, problems


def _said(kind: type[PolicyRow], place: tuple[int | str, ...], rule: str, message: str, value: object) -> str:
    column = str(place[0]) if place else ""
    if rule == "missing":
        return f"{column} is empty, a value is needed"
    if rule == "literal_error":
        known = get_args(kind.model_fields[column].annotation)
        one_of = " or ".join(known) if len(known) == 2 else f"one of {', '.join(known)}"
        return f"{column} must be {one_of}, is {_shown(value)}"
    return f"{column} {message.removeprefix('Value error, ')}".strip()
