"""Rows of published marts: the columns that Python reads, with their types."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypedDict, TypeVar, cast

import duckdb

_RowOf = TypeVar("_RowOf")


class LimitDecision(TypedDict):
    """A row of `fct_limit_decision`."""

    business_date: date
    account_key: int
    customer_key: int
    product_code: str
    slice_code: str
    policy_version: str
    is_void: bool
    score: int
    confirmed_score_milli: int | None
    band: str
    pd_bp: int
    expected_loss_amount: Decimal
    reference_limit_amount: Decimal
    target_limit_amount: Decimal | None
    old_limit_amount: Decimal
    recommended_limit_amount: Decimal
    action: str
    display_state: str
    drawable_amount: Decimal
    is_usable: bool
    max_grantable_amount: Decimal
    is_pending: bool
    pending_limit_amount: Decimal
    reason_code_1: str | None
    reason_code_2: str | None
    reason_code_3: str | None
    reason_code_4: str | None
    is_notice_required: bool
    notice_due_date: date
    effective_date: date
    decision_sha256: str


class AccountNight(TypedDict):
    """A row of `fct_account_night`."""

    status: str
    currency_code: str
    principal_balance: Decimal


class LimitStanding(TypedDict):
    """A row of `dim_limit_standing`."""

    limit_amount: Decimal
    since_date: date | None
    previous_limit_amount: Decimal | None
    is_change_in_flight: bool
    cause_date: date | None
    cause_reason_codes: str | None


class DecisionReason(TypedDict):
    """A row of `fct_decision_reason`; its texts are read by audience and language (`release.wording`)."""

    reason_code: str
    feature: str
    feature_value: int | None
    points_lost: int | None


class TriggerNight(TypedDict):
    """A row of `fct_trigger_night`."""

    trigger_code: str
    effect: str
    triggered_date: date
    is_inherited: bool
    clean_days: int
    clean_days_needed: int


class Recourse(TypedDict):
    """A row of `fct_recourse`."""

    restores_to_amount: Decimal | None
    restores_on_date: date | None
    promise_status: str | None
    promised_date: date | None
    first_raised_on_date: date | None
    first_raised_amount: Decimal | None
    actions_zh: str | None
    actions_en: str | None
    ended_status: str | None
    ended_promised_date: date | None
    voided_by: str | None
    void_reason: str | None
    unfrozen_on_date: date | None
    sooner_zh: str | None
    sooner_en: str | None


class Case(TypedDict):
    """A row of `fct_case`."""

    opened_date: date
    due_date: date | None
    is_overdue: bool


class DecisionStep(TypedDict):
    """A row of `fct_decision_trace`."""

    operator: str
    rule_id: str
    before_amount: Decimal
    after_amount: Decimal


def rows_as(kind: type[_RowOf], found: duckdb.DuckDBPyConnection) -> list[_RowOf]:
    """The rows of a query as dictionaries. The marts' contracts, not this function, guarantee the types of `kind`."""
    names = [column[0] for column in found.description or ()]
    return cast(list[_RowOf], [dict(zip(names, row, strict=True)) for row in found.fetchall()])
