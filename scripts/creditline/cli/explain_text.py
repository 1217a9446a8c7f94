"""An explanation as a page that a person reads."""

from __future__ import annotations

from collections.abc import Iterator

from creditline.cli.explain import Facts
from creditline.cli.explain_words import say
from creditline.release.wording import day, money, way_back


def explanation_text(facts: Facts) -> str:
    """The facts of `explain_account` in sentences of their language."""
    lines = [*_standing(facts), *_tonight(facts), *_borrowing(facts), *_way_back(facts)]
    lines += _reasons(facts, "why", facts["reasons"])
    if facts["cause_date"]:
        lines += _reasons(facts, "why_then", facts["cause_reasons"])
    if facts["audience"] != "customer":
        lines += _for_agent(facts)
    if facts["audience"] == "compliance":
        lines += _for_compliance(facts)
    return "\n".join(lines)


def _money(facts: Facts, amount: object) -> str:
    return money(amount, facts["currency"], facts["lang"])


def _standing(facts: Facts) -> Iterator[str]:
    lang = facts["lang"]
    yield say("title", lang, account=facts["account"], date=day(facts["business_date"], lang))
    if not facts["has_line"]:
        yield say("no_line", lang) + _stop(lang)
        return
    amount, before = facts["limit_amount"], facts["limit_before_amount"]
    text = say("no_usable_limit", lang) if amount is None else say("limit", lang, amount=_money(facts, amount))
    if facts["limit_since_date"]:
        text += say("since", lang, date=day(facts["limit_since_date"], lang))
    if before is not None:
        text += say("before", lang, amount=_money(facts, before))
    yield text + _stop(lang)
    if facts["approved_limit_amount"] != amount:
        yield say("approved", lang, amount=_money(facts, facts["approved_limit_amount"]))
    if facts["is_change_in_flight"]:
        yield say("in_flight", lang)


def _tonight(facts: Facts) -> Iterator[str]:
    lang, after = facts["lang"], facts["limit_after_amount"]
    if facts["is_void_night"]:
        yield say("void", lang)
    elif facts["is_pending"]:
        pending, when = facts["pending_limit_amount"], day(facts["effective_date"], lang)
        name = "pending_to_nothing" if pending is None else "pending"
        yield say(name, lang, amount=_money(facts, pending or 0), date=when)
    elif facts["change"]:
        name = "raised" if facts["change"] == "UP" else "lowered" if after is not None else "lowered_to_nothing"
        yield say(name, lang, amount=_money(facts, after or 0), date=day(facts["effective_date"], lang))
    elif facts["has_line"]:
        yield say("unchanged", lang)


def _borrowing(facts: Facts) -> Iterator[str]:
    lang = facts["lang"]
    if facts["cannot_borrow_because"]:
        yield say("cannot_borrow", lang, reason=facts["cannot_borrow_because"])
    else:
        yield say("can_borrow", lang, amount=_money(facts, facts["drawable_amount"]))
    if facts["grantable_amount"] is not None:
        yield say("grantable", lang, amount=_money(facts, facts["grantable_amount"]))


def _way_back(facts: Facts) -> Iterator[str]:
    """What brings the limit back, and when."""
    lang, recourse = facts["lang"], facts["recourse"]
    for condition in facts["conditions"]:
        yield say("condition", lang, done=condition["nights_done"], needed=condition["nights_needed"])
    if recourse is None:
        return
    if recourse.get("is_kept"):
        yield say("promise_kept", lang, date=day(recourse["promised_date"], lang))
    else:
        yield from way_back(recourse if recourse["restores_on_date"] else None, facts["currency"], lang)


def _reasons(facts: Facts, heading: str, reasons: list[Facts]) -> Iterator[str]:
    lang = facts["lang"]
    if not reasons:
        return
    when = facts["cause_date"] or facts["business_date"]
    yield from ("", say(heading, lang, date=day(when, lang)))
    for number, reason in enumerate(reasons, start=1):
        code = f" [{reason['reason_code']}]" if "reason_code" in reason else ""
        yield f"  {number}. {reason['text']}{code}"
        yield f"     {say('advice', lang)}{reason['advice']}"


def _for_agent(facts: Facts) -> Iterator[str]:
    lang, confirmed, target = facts["lang"], facts["confirmed_score"], facts["target_limit_amount"]
    yield ""
    if facts["is_limit_of_core"]:
        yield say("core", lang)
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
        yield say(name, lang, date=day(ended["promised_date"], lang), reason=ended["void_reason"])
    if facts["is_notice_required"]:
        yield say("notice", lang, date=day(facts["notice_due_date"], lang))
    if facts["steps"]:
        yield from ("", say("trace", lang))
    for step in facts["steps"]:
        yield (
            f"  {step['operator']}{say('colon', lang)}{_money(facts, step['before_amount'])} -> {_money(facts, step['after_amount'])}"
        )


def _for_compliance(facts: Facts) -> Iterator[str]:
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
