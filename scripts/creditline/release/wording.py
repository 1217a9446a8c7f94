"""What a customer is told of amounts and of the way back, whoever tells it: a notice, or the call centre."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

NOTHING_TO_BORROW = {"zh": "现在不能借款，因为：{reason}。", "en": "Nothing can be borrowed now, because: {reason}."}
_WAY_BACK: dict[str, dict[str, str]] = {
    "actions": {
        "zh": "恢复办法：{actions}。",
        "en": "What brings the limit back: {actions}.",
    },
    "restored": {
        "zh": "如其他情况不变差，额度最迟自{date}起恢复到{amount}。",
        "en": "If nothing else gets worse, the limit is back at {amount} from {date} at the latest.",
    },
    "first_raised": {
        "zh": "自{date}起开始恢复，至少到{amount}。",
        "en": "It begins to return on {date}, to at least {amount}.",
    },
    "nothing_to_do": {
        "zh": "您无需做什么，保持现状即可。",
        "en": "You need not do anything but go on as you do.",
    },
    "unfrozen": {
        "zh": "如无新的可疑情况，冻结最迟自{date}起自动解除，额度不变。",
        "en": "If nothing suspicious happens again, the freeze ends by itself by {date}, and the limit is as it was.",
    },
    "sooner": {"zh": "想提前恢复，请{actions}。", "en": "To have it back sooner, {actions}."},
    "no_date": {
        "zh": "目前无法给出额度恢复的日期；以下建议会有帮助。",
        "en": "Nobody can give a date yet on which the limit returns; the advice below helps.",
    },
}

# Whose words stand in, where an earlier release published none: a desk's are not for customers.
_WORDS_OF: dict[str, tuple[str, ...]] = {
    "customer": ("",),
    "agent": ("agent_", ""),
    "restricted": ("restricted_", "agent_", ""),
}
_NO_WORDS: dict[str, dict[str, str]] = {
    "text": {"zh": "我们评估了您的账户", "en": "We reviewed your account"},
    "advice": {"zh": "请联系客户服务了解原因", "en": "Please ask our customer service for the reason"},
}

_MONEY: dict[str, dict[str, str]] = {
    "CNY": {"zh": "{}元", "en": "{} yuan"},
    "TWD": {"zh": "新台币{}元", "en": "NT${}"},
    "CZK": {"zh": "{}捷克克朗", "en": "CZK {}"},
}


def is_least(amount: Decimal, floor: Decimal, reference_limit: Decimal) -> bool:
    """Whether a limit is no more than a credit outcome leaves anybody: a customer must not take it for money to borrow."""
    return amount <= floor < reference_limit


def reason_words(reason: Mapping[str, object], audience: str, lang: str) -> dict[str, str]:
    """`text` and `advice` of a row of `fct_decision_reason` for customer, agent or restricted, whichever release published it."""
    return {
        name: next(filter(None, (reason[f"{of}{name}_{lang}"] for of in _WORDS_OF[audience])), standing_in[lang])
        for name, standing_in in _NO_WORDS.items()
    }


def way_back(recourse: Mapping[str, object] | None, currency: str, lang: str) -> list[str]:
    """Sentences on what brings a limit back and from which day on, in this order.

    Args:
        recourse: `actions` in the language, `restores_to_amount`, `restores_on_date`, `first_raised_on_date` and
            `first_raised_amount` of `fct_recourse`, and whether it `is_freeze`; None where nobody can give a date.
    """

    def say(name: str, **values: object) -> str:
        return _WAY_BACK[name][lang].format(**values)

    if recourse is None:
        return [say("no_date")]
    when, actions = day(recourse["restores_on_date"], lang), recourse["actions"]
    if recourse["is_freeze"]:
        return [say("unfrozen", date=when), say("sooner", actions=actions)]
    sentences = [
        say("actions", actions=actions) if actions else say("nothing_to_do"),
        say("restored", date=when, amount=money(recourse["restores_to_amount"], currency, lang)),
    ]
    if recourse["first_raised_on_date"] < recourse["restores_on_date"]:
        amount = money(recourse["first_raised_amount"], currency, lang)
        sentences.append(say("first_raised", date=day(recourse["first_raised_on_date"], lang), amount=amount))
    return sentences


def money(amount: Decimal, currency: str, lang: str) -> str:
    """An amount as people write it: thousands apart, no decimals where there are none."""
    digits = f"{amount:,.2f}".removesuffix(".00")
    return _MONEY.get(currency, {}).get(lang, f"{currency} {{}}").format(digits)


def day(moment: date, lang: str) -> str:
    """A date as people write it."""
    return f"{moment.year}年{moment.month}月{moment.day}日" if lang == "zh" else f"{moment.day} {moment:%B %Y}"
