"""Why an account's limit is what it is: the published facts that one audience may see.

A customer sees no scores, thresholds or operators, and the floor is not shown as money to borrow. An agent sees each step of
the decision. Compliance also sees what proves it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from creditline.explain.borrowing import borrowing
from creditline.explain.correction import (
    corrections_for_agent,
    corrections_for_compliance,
    corrections_for_customer,
)
from creditline.explain.facts import Condition, EndedPromise, Explanation, ToldReason, ToldRecourse, Unordered
from creditline.explain.published import Published, read_published
from creditline.explain.words import ACTIONS, OPERATORS, OVER, STATES, VOID_REASONS, WITHHELD
from creditline.gate.identity import account_key_of
from creditline.home import Home
from creditline.release.wording import NO_WAY_BACK, reason_words, recourse_facts
from creditline.store.rows import DecisionReason, Recourse, TriggerNight

AUDIENCES = ("customer", "agent", "compliance")


def explain_account(
    home: Home, account_id: str, business_date: date | None, audience: str = "customer", lang: str = "en"
) -> Explanation:
    """What `audience` may know about an account, in one language.

    Without a date: its limit today, since when and why. With a date: what that night decided. Both say what helps, and from
    which day on. If a restatement corrected the decision, it is told as it was made and ordered, together with what became
    known since and what comes back.

    Raises:
        CreditlineError: no such account, or no decision on that night.
    """
    key = account_key_of(home, account_id)
    published = read_published(home, account_id, key, business_date)
    facts = _for_customer(published, account_id, audience, lang)
    if audience != "customer":
        _add_for_agent(facts, published)
    if audience == "compliance":
        _add_for_compliance(facts, published)
    return facts


def _for_customer(published: Published, account_id: str, audience: str, lang: str) -> Explanation:
    """The limit, what comes, what can be borrowed, and why; without scores, thresholds and operators."""
    decision, hides_floor = published.decision, audience == "customer"

    def shown(amount: Decimal | None) -> Decimal | None:
        """None if the amount is the floor, which must not look like money to borrow."""
        return None if amount is None or (hides_floor and published.is_floor(amount)) else amount

    standing = published.standing
    is_silent, is_corrected = published.is_silent, published.is_corrected
    # a reason that was corrected is no longer why the limit stays, so the text says why the limit changed
    is_current = not is_silent and not (published.is_outdated and is_corrected and decision["action"] == "HOLD")
    is_telling = is_current and (bool(published.reasons) or decision["action"] != "HOLD")
    corrections, gives_back = corrections_for_customer(published, lang)
    room = borrowing(published, lang, lambda row: _reason(row, lang, hides_floor)["text"], hides_floor)
    action = "HOLD" if is_silent else decision["action"]
    return {
        "account": account_id,
        "business_date": decision["business_date"],
        "audience": audience,
        "lang": lang,
        "currency": published.account["currency_code"],
        "limit_amount": shown(decision["old_limit_amount"]),
        "limit_since_date": standing["since_date"] if standing else None,
        "limit_before_amount": shown(standing["previous_limit_amount"]) if standing else None,
        "is_change_in_flight": standing["is_change_in_flight"] if standing else False,
        "approved_limit_amount": decision["reference_limit_amount"],
        "is_over": published.account["status"] in OVER,
        "is_first_review": standing is not None
        and standing["since_date"] == decision["business_date"]
        and standing["previous_limit_amount"] is None,
        "has_line": decision["reference_limit_amount"] > 0,
        "is_void_night": decision["is_void"],
        "is_maintenance": decision["display_state"] == "MAINTENANCE",
        "change": action if action in ("UP", "DOWN") else None,
        "limit_after_amount": shown(decision["old_limit_amount" if is_silent else "recommended_limit_amount"]),
        "effective_date": None if is_silent else decision["effective_date"],
        "movement": action if action in ("FREEZE", "RESTORE") else None,
        "is_frozen": published.told.is_frozen,
        "is_capped": decision["display_state"] == "REG_CAPPED",
        "is_pending": decision["is_pending"] and not is_silent,
        "pending_limit_amount": None if is_silent else shown(decision["pending_limit_amount"]),
        "drawable_amount": room["drawable_amount"],
        "cannot_borrow_because": room["cannot_borrow_because"],
        "cannot_borrow_from": room["cannot_borrow_from"],
        "can_borrow_from": room["can_borrow_from"],
        "grantable_amount": decision["max_grantable_amount"]
        if not is_silent
        and decision["max_grantable_amount"] > max(decision["recommended_limit_amount"], published.floor)
        else None,
        "reasons": [_reason(row, lang, hides_floor, is_advised=not is_corrected) for row in published.reasons]
        if is_current
        else [],
        "cause_date": standing["cause_date"] if standing and not is_telling else None,
        "cause_reasons": []
        if is_telling
        else [
            _reason(row, lang, hides_floor, is_advised=not published.is_cause_corrected)
            for row in published.cause_reasons
        ],
        # advice against a corrected finding no longer helps; the correction says what comes back
        "conditions": [] if is_silent or is_corrected else [_condition(row) for row in published.conditions],
        "recourse": None if is_corrected else _recourse(published, lang),
        "corrections": corrections,
        "gives_back": gives_back,
        "appeals": [
            {"opened_date": row["opened_date"], "due_date": row["due_date"], "is_overdue": row["is_overdue"]}
            for row in published.appeals
        ],
    }


def _condition(row: TriggerNight) -> Condition:
    """An active trigger. An inherited one that is not approved, and one that only blocks raises, restrict nothing else."""
    return {
        "since_date": row["triggered_date"],
        "nights_done": min(row["clean_days"], row["clean_days_needed"]),
        "nights_needed": row["clean_days_needed"],
        "is_inherited": bool(row["is_inherited"]),
        "restricts": not row["is_inherited"] and row["effect"] != "block_raise",
    }


def _recourse(published: Published, lang: str) -> ToldRecourse | None:
    """What brings the limit back and from which day on; None if it is neither lowered nor frozen. A date is null if it is not
    known."""
    decision, told, row = published.decision, published.told, published.recourse
    waiting = ("REDUCED", "FLOORED", "FROZEN_SECURITY", "REG_CAPPED")
    is_waiting = told.is_frozen or (decision["display_state"] in waiting and not decision["is_void"])
    # a change that is not ordered has no day; a freeze that left ends by itself
    if published.is_silent:
        is_lowered = bool(published.cause_reasons) and decision["old_limit_amount"] < decision["reference_limit_amount"]
        row, is_waiting = None, told.is_frozen or is_lowered
    elif told.mode and row and row["promise_status"]:
        row = {**row, "promise_status": None, "restores_on_date": None}
    facts = recourse_facts(row, lang) if row else NO_WAY_BACK
    is_known = facts["restores_on_date"] or facts["unfrozen_on_date"]
    is_kept = row is not None and row["promise_status"] == "KEPT"
    if not (is_known or is_kept or is_waiting):
        return None
    return {**facts, "is_kept": is_kept, "promised_date": row["promised_date"] if row else None}


def _reason(row: DecisionReason, lang: str, is_for_customer: bool, *, is_advised: bool = True) -> ToldReason:
    """A reason in words, without advice if the fact was corrected, because that advice would not help."""
    words = reason_words(row, "customer" if is_for_customer else "agent", lang)
    worded: ToldReason = {"text": words["text"], "advice": words["advice"] if is_advised else None}
    return worded if is_for_customer else {**worded, "reason_code": row["reason_code"]}


def _add_for_agent(facts: Explanation, published: Published) -> None:
    """How the limit came about."""
    decision, lang = published.decision, facts["lang"]
    confirmed = decision["confirmed_score_milli"]
    facts.update(
        {
            "corrections": corrections_for_agent(published, lang),
            "is_limit_of_core": published.standing is not None
            and published.standing["previous_limit_amount"] is not None
            and published.standing["cause_date"] is None,
            "action": ACTIONS[decision["action"]][lang],
            "display_state": STATES[decision["display_state"]][lang],
            "unordered": _unordered(published, lang),
            "decided_reasons": [_reason(row, lang, False) for row in published.reasons] if published.is_silent else [],
            "is_notice_required": decision["is_notice_required"] and not published.told.withheld,
            "notice_due_date": decision["notice_due_date"],
            "score": decision["score"],
            "band": decision["band"],
            "confirmed_score": None if confirmed is None else Decimal(confirmed) / 1000,
            "target_limit_amount": decision["target_limit_amount"],
            "ended_promise": _ended_promise(published.recourse, lang),
            "open_conditions": [{"code": row["trigger_code"], **_condition(row)} for row in published.conditions],
            "steps": [
                {
                    "operator": OPERATORS[row["operator"]][lang].format(rule=row["rule_id"]),
                    "before_amount": row["before_amount"],
                    "after_amount": row["after_amount"],
                }
                for row in published.trace
            ],
        }
    )


def _unordered(published: Published, lang: str) -> Unordered | None:
    """Why the decision is not ordered, or why no order would leave; and the decided limit if it differs."""
    decision, told = published.decision, published.told
    why = told.withheld or told.mode
    if why is None:
        return None
    decided = decision["pending_limit_amount"] if decision["is_pending"] else decision["recommended_limit_amount"]
    return {
        "because": why,
        "text": WITHHELD[why][lang],
        "is_withheld": told.withheld is not None,
        "decided_limit_amount": decided if decided != decision["old_limit_amount"] else None,
    }


def _ended_promise(recourse: Recourse | None, lang: str) -> EndedPromise | None:
    """An earlier promised date that ended on this night: how, and what made it void."""
    if recourse is None or recourse["ended_status"] is None:
        return None
    return {
        "promised_date": recourse["ended_promised_date"],
        "status": recourse["ended_status"],
        "voided_by": recourse["voided_by"],
        "void_reason": VOID_REASONS[recourse["void_reason"]][lang] if recourse["void_reason"] else None,
    }


def _add_for_compliance(facts: Explanation, published: Published) -> None:
    """What proves it."""
    decision = published.decision
    facts.update(
        {
            "corrections": corrections_for_compliance(published, facts["lang"]),
            "policy_version": decision["policy_version"],
            "decision_sha256": decision["decision_sha256"],
            "pd_bp": decision["pd_bp"],
            "expected_loss_amount": decision["expected_loss_amount"],
            "facts": [
                {
                    "reason_code": row["reason_code"],
                    "feature": row["feature"],
                    "feature_value": row["feature_value"],
                    "points_lost": row["points_lost"],
                }
                for row in published.reasons
            ],
        }
    )
