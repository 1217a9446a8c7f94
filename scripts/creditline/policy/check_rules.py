"""Tiers, dated rules, calendar, maintenance and notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from creditline.landing.contract import contract
from creditline.policy.check_helpers import ends_before_it_starts, overlaps, within
from creditline.policy.packs import Pack, Row

ACTIONS = ("UP", "DOWN", "CLOSE", "FREEZE", "RESTORE")
NIGHTS = ("daily", "business_days", "month_end")
_DPD_PARAMETERS = ("dpd_watch", "dpd_substandard", "dpd_doubtful", "dpd_loss")
_CLOCK_PARAMETERS = ("appeal_answer_days", "human_review_answer_days")


def tiers(pack: Pack) -> Iterator[str]:
    """Products have a tier whose smallest draw fits below its limit."""
    rows = pack.tables["product_tier"]
    if not rows:
        yield "product_tier.csv: no product has a tier"
    for row in rows:
        where = f"product_tier.csv: {row['product_code']}"
        if Decimal(row["min_draw_amount"]) > Decimal(row["max_limit_amount"]):
            yield f"{where}: min_draw_amount is above max_limit_amount, so nobody could borrow"
        yield from within(where, row, "income_multiple_bp", 1)


def caps(pack: Pack) -> Iterator[str]:
    """Caps are dated, sourced and approved, and in force once at a time."""
    rows = pack.tables["regulatory_cap"]
    for row in rows:
        where = f"regulatory_cap.csv: {row['rule_id']}"
        if row["base"] not in ("LIMIT", "BALANCE"):
            yield f"{where}: base must be LIMIT or BALANCE"
        yield from _dated(where, row)
    yield from overlaps("regulatory_cap.csv", [row for row in rows if row["is_enabled"] == "true"], ("rule_id",))


def parameters(pack: Pack) -> Iterator[str]:
    """Parameters likewise; those that reports need are there."""
    rows = pack.tables["regulatory_parameter"]
    for row in rows:
        yield from _dated(f"regulatory_parameter.csv: {row['param']}", row)
    enabled = [row for row in rows if row["is_enabled"] == "true"]
    yield from overlaps(
        "regulatory_parameter.csv", enabled, ("param", "jurisdiction", "entity_type", "purpose", "channel")
    )
    for needed in _DPD_PARAMETERS:
        if not any(row["param"] == needed for row in enabled):
            yield f"regulatory_parameter.csv: {needed} is missing or not enabled; no report can be made without it"
    for needed in _CLOCK_PARAMETERS:
        days = [row["value"] for row in enabled if row["param"] == needed]
        if not days:
            yield f"regulatory_parameter.csv: {needed} is missing or not enabled; what people ask for would never fall due"
        elif not all(re.fullmatch(r"[0-9]{1,4}", value) for value in days):
            yield f"regulatory_parameter.csv: {needed} must be a number of days"


def _dated(where: str, row: Row) -> Iterator[str]:
    yield from ends_before_it_starts(where, row, "effective_from", "effective_to")
    if row["is_enabled"] == "true" and not row["approved_by"].strip():
        yield f"{where} is enabled and nobody approved it"


def maintenance(pack: Pack) -> Iterator[str]:
    """Windows are of a known source, or with * of the whole house."""
    for row in pack.tables["maintenance_window"]:
        where = f"maintenance_window.csv: {row['source_name']} from {row['from_date']}"
        if row["source_name"] != "*" and row["source_name"] not in contract():
            yield f"{where}: no such source; name one of the landing contract, or * for the whole house"
        yield from ends_before_it_starts(where, row, "from_date", "to_date")


def calendar(pack: Pack) -> Iterator[str]:
    """The nights that are expected, holidays, and each source's deadline."""
    rows = pack.tables["calendar"]
    for row in rows:
        where = f"calendar.csv: {row['kind']} {row['value']}"
        yield from _calendar_row(where, row)
        yield from ends_before_it_starts(where, row, "effective_from", "effective_to")
    nights = [row for row in rows if row["kind"] == "expected_nights"]
    if not nights:
        yield "calendar.csv: no row says which nights are expected (kind expected_nights)"
    deadlines = [row for row in rows if row["kind"] == "deadline"]
    yield from overlaps("calendar.csv", nights, ("kind",))
    yield from overlaps("calendar.csv", deadlines, ("kind", "source_name"))


def _calendar_row(where: str, row: Row) -> Iterator[str]:
    kind, value, source = row["kind"], row["value"], row["source_name"]
    if kind == "deadline":
        if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
            yield f"{where}: a deadline is a local time like 23:30"
        if source != "*" and source not in contract():
            yield f"{where}: {source} is no source of the landing contract; name one, or * for all"
        return
    if kind == "expected_nights":
        if value not in NIGHTS:
            yield f"{where}: value must be one of {', '.join(NIGHTS)}"
    elif kind == "holiday":
        if not row["effective_to"]:
            yield f"{where}: a holiday has an end, effective_to, from which on nights are expected again"
    else:
        yield f"{where}: kind must be expected_nights, holiday or deadline"
    if source != "*":
        yield f"{where}: source_name must be *, only deadlines are a source's own"


def notices(pack: Pack) -> Iterator[str]:
    """Every action has a general rule; freezes and restores act at once."""
    rows = pack.tables["notice_rule"]
    reasons = {row["reason_code"] for row in pack.tables["reason_text"]} | {"*"}
    for action in ACTIONS:
        if not any(row["action"] == action and row["reason_code"] == "*" for row in rows):
            yield f"notice_rule.csv: {action} has no rule for reason *"
    for row in rows:
        where = f"notice_rule.csv: {row['action']} {row['reason_code']}"
        if row["action"] not in ACTIONS:
            yield f"{where}: action must be one of {', '.join(ACTIONS)}"
        if row["reason_code"] not in reasons:
            yield f"{where}: no such reason in reason_text.csv"
        yield from within(where, row, "lead_days", 0)
        yield from within(where, row, "due_days", 0)
        if row["action"] in ("FREEZE", "RESTORE") and int(row["lead_days"]) != 0:
            yield f"{where}: a freeze or its end acts at once, lead_days must be 0"
        yield from ends_before_it_starts(where, row, "effective_from", "effective_to")
    yield from overlaps("notice_rule.csv", rows, ("action", "reason_code", "channel"))
