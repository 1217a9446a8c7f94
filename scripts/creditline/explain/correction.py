"""What a restatement found out about a decision that was ordered, and what comes back because of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from creditline.explain.facts import GivenBack, ToldCorrection, ToldReason
from creditline.explain.published import GIVEN_BACK, Correction, Published, reason_codes
from creditline.explain.words import ACTIONS, STATES
from creditline.release.wording import reason_words
from creditline.store.rows import LimitDecision


def corrections_for_customer(published: Published, lang: str) -> tuple[list[ToldCorrection], GivenBack | None]:
    """The correction that changes what a customer was told, and what comes back; none of what was never ordered.

    Of what made the limit what it is, and what has followed from it since, the first is told.
    """
    told = (
        [] if published.is_silent else [one for one in published.corrections if _effect(one) or _has_other_reasons(one)]
    )
    back = published.gives_back if told else None
    given: GivenBack | None = {"status": back.status, "amount": back.amount, "date": back.date} if back else None
    return [_correction(published, one, lang, "customer") for one in told[:1]], given


def corrections_for_agent(published: Published, lang: str) -> list[ToldCorrection]:
    """Every correction, with the decision as it would be made now and the restatement that found it."""
    return [
        {
            **_correction(published, one, lang, "agent"),
            "revision": one.revision,
            "restated_from": one.record.from_date,
            "why_restated": one.record.reason,
            "action_now": ACTIONS[one.now["action"]][lang],
            "display_state_now": STATES[one.now["display_state"]][lang],
            "score_now": one.now["score"],
            "band_now": one.now["band"],
        }
        for one in published.corrections
    ]


def corrections_for_compliance(published: Published, lang: str) -> list[ToldCorrection]:
    """The same, with what proves both decisions and the people who restated."""
    return [
        {
            **facts,
            "known_until": one.record.known_until,
            "restated_by": one.record.by,
            "approved_by": one.record.approved_by,
            "decision_sha256_then": one.then["decision_sha256"],
            "decision_sha256_now": one.now["decision_sha256"],
        }
        for facts, one in zip(corrections_for_agent(published, lang), published.corrections, strict=True)
    ]


def _correction(published: Published, one: Correction, lang: str, audience: str) -> ToldCorrection:
    is_for_customer = audience == "customer"

    def shown(decision: LimitDecision) -> Decimal | None:
        amount = decision["recommended_limit_amount"]
        return None if is_for_customer and published.is_floor(amount) else amount

    is_void = one.now["is_void"] and not one.then["is_void"]
    # a restated night orders nothing, so `what comes back` says what it gives back
    rows = [] if is_void else [row for row in one.reasons if not (is_for_customer and row["reason_code"] == GIVEN_BACK)]
    reasons: list[ToldReason] = []
    for row in rows:
        words = reason_words(row, audience, lang)
        worded: ToldReason = {"text": words["text"], "advice": words["advice"]}
        reasons.append(worded if is_for_customer else {**worded, "reason_code": row["reason_code"]})
    return {
        "business_date": one.then["business_date"],
        "recorded_date": datetime.fromisoformat(one.record.recorded_at).date(),
        "effect": "void" if is_void else _effect(one) or "same",
        "limit_then_amount": shown(one.then),
        # the night's own figures are not to be believed
        "limit_now_amount": None if is_void else shown(one.now),
        "reasons_now": reasons,
    }


def _effect(one: Correction) -> str | None:
    """How the customer would have fared by the corrected records; None if the limit and the freeze are the same."""
    then, now = one.then, one.now
    before, after = _limit(then), _limit(now)
    if after < before:
        return "lower"
    if after > before:
        return "uncut" if before < then["old_limit_amount"] <= after else "higher"
    frozen = "FROZEN_SECURITY"
    return "unfrozen" if then["display_state"] == frozen != now["display_state"] else None


def _limit(decision: LimitDecision) -> Decimal:
    return decision["pending_limit_amount"] if decision["is_pending"] else decision["recommended_limit_amount"]


def _has_other_reasons(one: Correction) -> bool:
    return reason_codes(one.then) != reason_codes(one.now)
