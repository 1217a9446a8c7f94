"""An explanation as a page that a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from creditline.explain.facts import Explanation, ToldCorrection, ToldReason
from creditline.explain.words import say
from creditline.release.wording import day, money, way_back

_NOTHING = Decimal(0)


def explanation_text(facts: Explanation) -> str:
    """The facts of `explain_account` in sentences of their language."""
    title = say("title", facts["lang"], account=facts["account"], date=day(facts["business_date"], facts["lang"]))
    if facts["is_over"] and facts["audience"] == "customer":
        return "\n".join([title, *_borrowing(facts), say("over", facts["lang"])])
    lines = [title, *_standing(facts), *_tonight(facts), *_borrowing(facts)]
    lines += _reasons(facts, "happened" if facts["movement"] else "why", facts["reasons"])
    if facts["cause_date"]:
        lines += _reasons(facts, "why_then", facts["cause_reasons"])
    lines += _corrections(facts)
    if ways := [*_appeals(facts), *_way_back(facts)]:
        lines += ["", *ways]
    if facts["audience"] != "customer":
        lines += _for_agent(facts)
    if facts["audience"] == "compliance":
        lines += _for_compliance(facts)
    return "\n".join(lines)


def _money(facts: Explanation, amount: Decimal | None) -> str:
    """An amount in words, empty where there is none."""
    return "" if amount is None else money(amount, facts["currency"], facts["lang"])


def _day(facts: Explanation, moment: date | None) -> str:
    """A day in words, empty where there is none."""
    return "" if moment is None else day(moment, facts["lang"], facts["business_date"])


def _standing(facts: Explanation) -> Iterator[str]:
    lang = facts["lang"]
    if not facts["has_line"]:
        yield say("no_line", lang) + _stop(lang)
        return
    amount, before, since = facts["limit_amount"], facts["limit_before_amount"], facts["limit_since_date"]
    name = "no_usable_limit" if amount is None else "limit"
    if since and not facts["is_first_review"]:
        name += "_since"
    text = say(name, lang, amount=_money(facts, amount or _NOTHING), date=_day(facts, since))
    if before is not None:
        text += say("before", lang, amount=_money(facts, before))
    yield text + _stop(lang)
    if facts["approved_limit_amount"] != amount:
        yield say("approved", lang, amount=_money(facts, facts["approved_limit_amount"]))
    if facts["is_change_in_flight"]:
        yield say("in_flight", lang)


def _tonight(facts: Explanation) -> Iterator[str]:
    lang, after = facts["lang"], facts["limit_after_amount"]
    if facts["is_void_night"]:
        yield say("void", lang)
    elif facts["is_pending"]:
        pending, when = facts["pending_limit_amount"], _day(facts, facts["effective_date"])
        name = "pending_to_nothing" if pending is None else "pending"
        yield say(name, lang, amount=_money(facts, pending or _NOTHING), date=when)
    elif facts["change"] == "DOWN" and after is None and facts["cannot_borrow_from"]:
        # from which day on nothing can be borrowed is said below, with the reason
        return
    elif facts["change"]:
        name = "raised" if facts["change"] == "UP" else "lowered" if after is not None else "lowered_to_nothing"
        yield say(name, lang, amount=_money(facts, after or _NOTHING), date=_day(facts, facts["effective_date"]))
    elif facts["movement"] or not facts["has_line"] or facts["limit_amount"] is None or facts["corrections"]:
        # for a corrected decision, say what became known since
        return
    elif facts["is_maintenance"]:
        yield say("maintenance", lang)
    elif facts["is_first_review"]:
        yield say("first_review", lang)
    elif since := facts["limit_since_date"]:
        days = (facts["business_date"] - since).days
        yield say("unchanged_for" if days > 1 else "unchanged", lang, days=days)
    else:
        yield say("unchanged", lang)


def _borrowing(facts: Explanation) -> Iterator[str]:
    lang = facts["lang"]
    if later := facts["cannot_borrow_from"]:
        # do not say that something can be borrowed until then: nobody should be told to hurry
        yield say("cannot_borrow_from", lang, date=_day(facts, later["date"]), reason=later["because"])
    elif again := facts["can_borrow_from"]:
        yield say("can_borrow_from", lang, date=_day(facts, again["date"]), amount=_money(facts, again["amount"]))
    elif facts["cannot_borrow_because"]:
        yield say("cannot_borrow", lang, reason=facts["cannot_borrow_because"])
    else:
        yield say("can_borrow", lang, amount=_money(facts, facts["drawable_amount"]))
    if facts["grantable_amount"] is not None:
        yield say("grantable", lang, amount=_money(facts, facts["grantable_amount"]))


def _appeals(facts: Explanation) -> Iterator[str]:
    lang = facts["lang"]
    for appeal in facts["appeals"]:
        opened, due = appeal["opened_date"], appeal["due_date"]
        name = "appeal_late" if appeal["is_overdue"] else "appeal_due" if due else "appeal"
        yield say(name, lang, opened=_day(facts, opened), due=_day(facts, due))


def _way_back(facts: Explanation) -> Iterator[str]:
    """What brings the limit back, and when."""
    lang, recourse = facts["lang"], facts["recourse"]
    # the trigger that takes longest; if some restrict more than raises, only those count. The others are over before.
    # A trigger that is not sustained yet restricts nothing.
    conditions = sorted(facts["conditions"], key=lambda condition: not condition["restricts"])
    for condition in [] if facts["is_pending"] else conditions[:1]:
        done, needed = condition["nights_done"], condition["nights_needed"]
        kind = "condition" if condition["restricts"] else "no_raise"
        name = f"{kind}_paying" if done >= needed else kind if done else f"{kind}_new"
        yield say(name, lang, date=_day(facts, condition["since_date"]), done=done, needed=needed)
    if recourse is None:
        return
    if recourse["is_kept"]:
        yield say("promise_kept", lang, date=_day(facts, recourse["promised_date"]))
    if not recourse["is_kept"] or recourse["unfrozen_on_date"]:
        yield from way_back(
            recourse,
            facts["currency"],
            lang,
            facts["business_date"],
            is_frozen=facts["is_frozen"],
            is_capped=facts["is_capped"],
        )


def _reasons(facts: Explanation, heading: str, reasons: list[ToldReason]) -> Iterator[str]:
    lang = facts["lang"]
    if not reasons:
        return
    if facts["audience"] == "customer" and facts["can_borrow_from"]:
        # the line before says this with its day
        return
    later = facts["cannot_borrow_from"]
    said = later["because"] if later else facts["cannot_borrow_because"]
    when = facts["cause_date"] or facts["business_date"]
    if facts["audience"] == "customer" and [reason["text"] for reason in reasons] == [said]:
        # it was said a line before
        yield from _advice(reasons[0], lang)
        return
    yield from ("", say(heading, lang, date=_day(facts, when)))
    yield from _numbered(reasons, lang)


def _numbered(reasons: list[ToldReason], lang: str) -> Iterator[str]:
    for number, reason in enumerate(reasons, start=1):
        code = f" [{reason['reason_code']}]" if "reason_code" in reason else ""
        yield f"  {number}. {reason['text']}{code}{_stop(lang)}"
        for line in _advice(reason, lang):
            yield f"     {line}"


def _advice(reason: ToldReason, lang: str) -> Iterator[str]:
    if reason["advice"]:
        yield f"{say('advice', lang)}{reason['advice']}{_stop(lang)}"


def _corrections(facts: Explanation) -> Iterator[str]:
    """What became known since the decision, and what comes back."""
    lang = facts["lang"]
    for one in facts["corrections"]:
        amount = one["limit_now_amount"]
        name = f"corrected_{one['effect']}"
        yield ""
        yield say(
            "corrected" if amount is None and one["effect"] != "void" else name,
            lang,
            recorded=_day(facts, one["recorded_date"]),
            date=_day(facts, one["business_date"]),
            amount=_money(facts, amount),
        )
        if one["reasons_now"]:
            yield say("why_now", lang)
            yield from _numbered(one["reasons_now"], lang)
        if facts["audience"] != "customer":
            yield from _restatement(facts, one)
    back = facts["gives_back"]
    if back and not (back["status"] == "ordered" and facts["change"] == "UP"):
        when = _day(facts, back["date"])
        yield say(f"back_{back['status']}", lang, amount=_money(facts, back["amount"]), date=when)


def _restatement(facts: Explanation, one: ToldCorrection) -> Iterator[str]:
    """The decision as it would be made now, for staff."""
    lang = facts["lang"]
    yield say(
        "restated",
        lang,
        date=_day(facts, one["restated_from"]),
        revision=f"r{one['revision']:02d}",
        reason=one["why_restated"],
    )
    if one["effect"] == "void":
        yield from _who_restated(facts, one)
        return
    yield say(
        "state_now",
        lang,
        action=one["action_now"],
        state=one["display_state_now"],
        amount=_money(facts, one["limit_now_amount"]),
        score=one["score_now"],
        band=one["band_now"],
    )
    yield from _who_restated(facts, one)
    if facts["audience"] == "compliance":
        yield say("hash_now", lang, hash=one["decision_sha256_now"])


def _who_restated(facts: Explanation, one: ToldCorrection) -> Iterator[str]:
    if facts["audience"] == "compliance":
        yield say(
            "restated_by",
            facts["lang"],
            by=one["restated_by"],
            approver=one["approved_by"],
            date=_day(facts, one["known_until"]),
        )


def _for_agent(facts: Explanation) -> Iterator[str]:
    lang, confirmed, target = facts["lang"], facts["confirmed_score"], facts["target_limit_amount"]
    yield ""
    if facts["is_limit_of_core"]:
        yield say("core", lang)
    yield from _unordered(facts)
    yield say("state", lang, action=facts["action"], state=facts["display_state"])
    yield say(
        "score",
        lang,
        score=facts["score"],
        band=facts["band"],
        confirmed=say("not_confirmed", lang) if confirmed is None else confirmed,
        reference=_money(facts, facts["approved_limit_amount"]),
        target=say("no_target", lang) if target is None else _money(facts, target),
    )
    ended = facts["ended_promise"]
    if ended and ended["status"] != "KEPT":
        name = "promise_void" if ended["status"] == "VOIDED" else "promise_missed"
        yield say(name, lang, date=_day(facts, ended["promised_date"]), reason=ended["void_reason"])
    if facts["is_notice_required"]:
        yield say("notice", lang, date=_day(facts, facts["notice_due_date"]))
    if facts["open_conditions"]:
        yield from ("", say("open_conditions", lang))
    for condition in facts["open_conditions"]:
        kind = "inherited" if condition["is_inherited"] else None if condition["restricts"] else "raises_only"
        code, since = condition["code"], _day(facts, condition["since_date"])
        done, needed = condition["nights_done"], condition["nights_needed"]
        text = say("open_condition", lang, code=code, date=since, done=done, needed=needed)
        yield f"  {text}{say(kind, lang) if kind else ''}{_stop(lang)}"
    if facts["decided_reasons"]:
        yield from ("", say("why_decided", lang), *_numbered(facts["decided_reasons"], lang))
    if facts["steps"]:
        yield from ("", say("trace", lang))
    for step in facts["steps"]:
        yield (
            f"  {step['operator']}{say('colon', lang)}{_money(facts, step['before_amount'])} -> {_money(facts, step['after_amount'])}"
        )


def _unordered(facts: Explanation) -> Iterator[str]:
    lang, unordered = facts["lang"], facts["unordered"]
    if unordered is None:
        return
    amount = unordered["decided_limit_amount"]
    name = "withheld" if amount is None else "withheld_limit"
    if not unordered["is_withheld"]:
        name = "not_ordered_about"
    yield say(name, lang, why=unordered["text"], amount=_money(facts, amount))


def _for_compliance(facts: Explanation) -> Iterator[str]:
    lang = facts["lang"]
    yield ""
    for fact in facts["facts"]:
        yield f"  [{fact['reason_code']}] " + say(
            "fact", lang, feature=fact["feature"], value=fact["feature_value"], points=fact["points_lost"]
        )
    yield say(
        "expected_loss", lang, pd=f"{facts['pd_bp'] / 100:.2f}%", amount=_money(facts, facts["expected_loss_amount"])
    )
    yield say("policy", lang, version=facts["policy_version"])
    yield say("hash", lang, hash=facts["decision_sha256"])


def _stop(lang: str) -> str:
    return "。" if lang == "zh" else "."
