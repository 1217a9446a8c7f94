"""What can be borrowed at the moment of an explanation, from which day on that changes, and why nothing can be borrowed.

A decision holds from its effective date on. Until then, and if it is not ordered, the core goes on as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from creditline.explain.facts import Borrowing
from creditline.explain.published import Published
from creditline.explain.words import CANNOT_BORROW
from creditline.release.wording import money
from creditline.store.rows import DecisionReason

Speak = Callable[[DecisionReason], str]
"""The words of a reason for whoever listens."""


@dataclass(frozen=True)
class _Room:
    """A limit, how much of it can be borrowed, and its reasons; `is_paused`: frozen at the core."""

    limit: Decimal
    amount: Decimal
    is_usable: bool
    reasons: list[DecisionReason]
    is_paused: bool = False


def borrowing(published: Published, lang: str, speak: Speak, hides_floor: bool) -> Borrowing:
    """What can be borrowed now, or why nothing can, and what changes on the day on which tonight's decision takes effect.

    Args:
        hides_floor: the floor counts as nothing that can be borrowed.
    """
    decision, now = published.decision, _now(published)
    later: _Room | None = None
    if decision["action"] != "HOLD" and not published.told.withheld:
        later = _decided(published)
    if hides_floor:
        now, later = _without_floor(published, now), _without_floor(published, later) if later else None
    facts: Borrowing = {
        "drawable_amount": now.amount if now.is_usable else Decimal(0),
        "cannot_borrow_because": None if now.is_usable else _why_not(published, now, lang, speak),
        "cannot_borrow_from": None,
        "can_borrow_from": None,
    }
    if later and now.is_usable and not later.is_usable:
        why = _why_not(published, later, lang, speak)
        facts["cannot_borrow_from"] = {"date": decision["effective_date"], "because": why}
    elif later and now.is_paused and not later.is_paused and later.is_usable:
        facts["can_borrow_from"] = {"date": decision["effective_date"], "amount": later.amount}
    return facts


def _without_floor(published: Published, room: _Room) -> _Room:
    return replace(room, is_usable=False) if published.is_floor(room.limit) else room


def _decided(published: Published) -> _Room:
    decision = published.decision
    return _Room(
        decision["recommended_limit_amount"],
        decision["drawable_amount"],
        decision["is_usable"],
        published.reasons or published.cause_reasons,
        decision["display_state"] == "FROZEN_SECURITY",
    )


def _now(published: Published) -> _Room:
    """What the core lets the customer borrow until a decision takes effect."""
    decision, account, told = published.decision, published.account, published.told
    is_moved, is_frozen = decision["action"] != "HOLD", decision["display_state"] == "FROZEN_SECURITY"
    if not (is_moved or published.is_silent) and told.is_frozen == is_frozen:
        return _decided(published)
    if is_moved and not told.withheld and decision["action"] in ("FREEZE", "RESTORE"):
        is_paused = decision["action"] == "RESTORE" or published.was_frozen
    else:
        is_paused = told.is_frozen
    is_blocked = is_paused or account["status"] != "active" or (published.was_blocked and told.mode is None)
    limit = decision["old_limit_amount"]
    amount = Decimal(0) if is_blocked else max(limit - account["principal_balance"], Decimal(0))
    is_ours = (published.was_blocked and told.mode is None) or (is_paused and decision["action"] == "FREEZE")
    reasons = published.reasons if is_ours else published.cause_reasons
    return _Room(limit, amount, amount > 0 and amount >= published.min_draw, reasons, is_paused)


def _why_not(published: Published, room: _Room, lang: str, speak: Speak) -> str:
    """Why nothing can be borrowed, in words."""
    decision, account = published.decision, published.account
    status, owed, is_floor = account["status"], account["principal_balance"], published.is_floor(room.limit)
    name, amount = "reduced", Decimal(0)
    if status in CANNOT_BORROW and not (status == "blocked" and room.reasons and is_floor):
        name = status
    elif decision["reference_limit_amount"] == 0:
        name = "no_line"
    elif room.is_paused and not _is_of_freeze(published):
        name = "paused"
    elif room.reasons and not published.is_outdated and (is_floor or (room.limit > owed and room.amount == 0)):
        return speak(room.reasons[0])
    elif owed >= room.limit > published.floor:
        name, amount = "all_used", owed
    elif room.amount > 0 and not is_floor:
        name, amount = "too_little_left", room.amount
    return CANNOT_BORROW[name][lang].format(amount=money(amount, account["currency_code"], lang))


def _is_of_freeze(published: Published) -> bool:
    """Whether tonight's reasons are those of the present freeze."""
    return published.decision["display_state"] == "FROZEN_SECURITY" and bool(published.reasons)
