"""Checks of tiers, dated rules, calendar, maintenance and notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from creditline.landing.contract import contract
from creditline.policy.check_helpers import PackRows, overlaps
from creditline.policy.rows import (
    CalendarRow,
    CapRow,
    MaintenanceRow,
    NoticeRow,
    ParameterRow,
    TextRow,
    TierRow,
)

_ACTIONS: tuple[str, ...] = get_args(NoticeRow.model_fields["action"].annotation)
_DPD_PARAMETERS = ("dpd_watch", "dpd_substandard", "dpd_doubtful", "dpd_loss")
_CLOCK_PARAMETERS = ("appeal_answer_days", "human_review_answer_days")


def tiers(pack: PackRows) -> Iterator[str]:
    """At least one product can be lent."""
    if not pack.of(TierRow):
        yield "product_tier.csv: no product has a tier"


def caps(pack: PackRows) -> Iterator[str]:
    """A cap has at most one row in force on a day."""
    yield from overlaps(
        "regulatory_cap.csv", [row for row in pack.of(CapRow) if row.is_enabled], lambda row: row.rule_id
    )


def parameters(pack: PackRows) -> Iterator[str]:
    """A parameter has at most one row in force on a day, and all parameters that reports and clocks need exist."""
    enabled = [row for row in pack.of(ParameterRow) if row.is_enabled]
    yield from overlaps(
        "regulatory_parameter.csv",
        enabled,
        lambda row: f"{row.param}/{row.jurisdiction}/{row.entity_type}/{row.purpose}/{row.channel}",
    )
    for needed in _DPD_PARAMETERS:
        if not any(row.param == needed for row in enabled):
            yield f"regulatory_parameter.csv: {needed} is missing or not enabled; no report can be made without it"
    for needed in _CLOCK_PARAMETERS:
        days = [row.value for row in enabled if row.param == needed]
        if not days:
            yield f"regulatory_parameter.csv: {needed} is missing or not enabled; what people ask for would never fall due"
        elif not all(re.fullmatch(r"[0-9]{1,4}", value) for value in days):
            yield f"regulatory_parameter.csv: {needed} must be a number of days"


def maintenance(pack: PackRows) -> Iterator[str]:
    """Each window names a known source, or * for the whole house."""
    for row in pack.of(MaintenanceRow):
        if row.source_name != "*" and row.source_name not in contract():
            yield (
                f"maintenance_window.csv: {row.source_name} from {row.from_date}: no such source; name one of the landing"
                " contract, or * for the whole house"
            )


def calendar(pack: PackRows) -> Iterator[str]:
    """The calendar states the expected nights, and its deadlines name known sources."""
    rows = pack.of(CalendarRow)
    nights = [row for row in rows if row.kind == "expected_nights"]
    deadlines = [row for row in rows if row.kind == "deadline"]
    for row in deadlines:
        if row.source_name != "*" and row.source_name not in contract():
            yield (
                f"calendar.csv: deadline {row.value}: {row.source_name} is not a source of the landing contract; name one, or * for"
                " all"
            )
    if not nights:
        yield "calendar.csv: no row says which nights are expected (kind expected_nights)"
    yield from overlaps("calendar.csv", nights, lambda row: row.kind)
    yield from overlaps("calendar.csv", deadlines, lambda row: f"{row.kind}/{row.source_name}")


def notices(pack: PackRows) -> Iterator[str]:
    """Every action has a general rule."""
    rows = pack.of(NoticeRow)
    reasons = {row.reason_code for row in pack.of(TextRow)} | {"*"}
    for action in _ACTIONS:
        if not any(row.action == action and row.reason_code == "*" for row in rows):
            yield f"notice_rule.csv: {action} has no rule for reason *"
    for row in rows:
        if row.reason_code not in reasons:
            yield f"notice_rule.csv: {row.action} {row.reason_code}: no such reason in reason_text.csv"
    yield from overlaps("notice_rule.csv", rows, lambda row: f"{row.action}/{row.reason_code}/{row.channel}")
