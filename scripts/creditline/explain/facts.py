"""An explanation as facts: what `--format json` prints and what the page is written from."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NotRequired, TypedDict

from creditline.release.wording import WayBack


class ToldReason(TypedDict):
    """A reason in the words of one audience; its code is not for customers."""

    text: str
    advice: str | None
    reason_code: NotRequired[str]


class Condition(TypedDict):
    """An active trigger; its code is not for customers."""

    since_date: date
    nights_done: int
    nights_needed: int
    is_inherited: bool
    restricts: bool
    code: NotRequired[str]


class ToldRecourse(WayBack):
    """What brings the limit back, and the promise that was given before."""

    is_kept: bool
    promised_date: date | None


class Appeal(TypedDict):
    """An appeal that is open."""

    opened_date: date
    due_date: date | None
    is_overdue: bool


class NotFrom(TypedDict):
    """From which day on nothing can be borrowed, and why."""

    date: date
    because: str


class Again(TypedDict):
    """From which day on what can be borrowed again."""

    date: date
    amount: Decimal


class Borrowing(TypedDict):
    """What can be borrowed now and from when on that changes, or why nothing can."""

    drawable_amount: Decimal
    cannot_borrow_because: str | None
    cannot_borrow_from: NotFrom | None
    can_borrow_from: Again | None


class ToldCorrection(TypedDict):
    """What a restatement found out about a decision; the fields after `reasons_now` are for staff."""

    business_date: date
    recorded_date: date
    effect: str
    limit_then_amount: Decimal | None
    limit_now_amount: Decimal | None
    reasons_now: list[ToldReason]
    revision: NotRequired[int]
    restated_from: NotRequired[date]
    why_restated: NotRequired[str]
    action_now: NotRequired[str]
    display_state_now: NotRequired[str]
    score_now: NotRequired[int]
    band_now: NotRequired[str]
    known_until: NotRequired[date]
    restated_by: NotRequired[str]
    approved_by: NotRequired[str]
    decision_sha256_then: NotRequired[str]
    decision_sha256_now: NotRequired[str]


class GivenBack(TypedDict):
    """What a restatement gives back."""

    status: str
    amount: Decimal | None
    date: date | None


class Unordered(TypedDict):
    """Why what was decided is not ordered."""

    because: str
    text: str
    is_withheld: bool
    decided_limit_amount: Decimal | None


class EndedPromise(TypedDict):
    """An earlier promised date that ended on this night."""

    promised_date: date | None
    status: str
    voided_by: str | None
    void_reason: str | None


class Step(TypedDict):
    """One operator of the decision."""

    operator: str
    before_amount: Decimal
    after_amount: Decimal


class Fact(TypedDict):
    """What a reason was read from."""

    reason_code: str
    feature: str
    feature_value: int | None
    points_lost: int | None


class Explanation(Borrowing):
    """What one audience may know about an account; what not everybody may know is there for those who may."""

    account: str
    business_date: date
    audience: str
    lang: str
    currency: str
    limit_amount: Decimal | None
    limit_since_date: date | None
    limit_before_amount: Decimal | None
    is_change_in_flight: bool
    approved_limit_amount: Decimal
    is_over: bool
    is_first_review: bool
    has_line: bool
    is_void_night: bool
    is_maintenance: bool
    change: str | None
    limit_after_amount: Decimal | None
    effective_date: date | None
    movement: str | None
    is_frozen: bool
    is_capped: bool
    is_pending: bool
    pending_limit_amount: Decimal | None
    grantable_amount: Decimal | None
    reasons: list[ToldReason]
    cause_date: date | None
    cause_reasons: list[ToldReason]
    conditions: list[Condition]
    recourse: ToldRecourse | None
    corrections: list[ToldCorrection]
    gives_back: GivenBack | None
    appeals: list[Appeal]
    # agents and compliance
    is_limit_of_core: NotRequired[bool]
    action: NotRequired[str]
    display_state: NotRequired[str]
    unordered: NotRequired[Unordered | None]
    decided_reasons: NotRequired[list[ToldReason]]
    is_notice_required: NotRequired[bool]
    notice_due_date: NotRequired[date]
    score: NotRequired[int]
    band: NotRequired[str]
    confirmed_score: NotRequired[Decimal | None]
    target_limit_amount: NotRequired[Decimal | None]
    ended_promise: NotRequired[EndedPromise | None]
    open_conditions: NotRequired[list[Condition]]
    steps: NotRequired[list[Step]]
    # compliance
    policy_version: NotRequired[str]
    decision_sha256: NotRequired[str]
    pd_bp: NotRequired[int]
    expected_loss_amount: NotRequired[Decimal]
    facts: NotRequired[list[Fact]]
