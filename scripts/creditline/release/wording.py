"""The sentences about amounts and the way back, the same in notices and for the call centre."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TypedDict

from creditline.home import AppealRoute
from creditline.home.files import Json
from creditline.store.rows import Recourse

NOTHING_TO_BORROW = {"zh": "您目前不能借款，原因：{reason}。", "en": "You cannot borrow now, because: {reason}."}
_WAY_BACK: dict[str, dict[str, str]] = {
    "unfrozen": {
        "zh": "如不再出现异常，借款功能最迟{date}自动恢复。",
        "en": "If nothing unusual happens again, borrowing opens again by itself by {date} at the latest.",
    },
    "sooner": {"zh": "如需提前恢复借款，请{sooner}。", "en": "To borrow again sooner, please {sooner}."},
    "frozen_no_date": {
        "zh": "目前还不能确定借款功能何时恢复，请联系客服。",
        "en": "We cannot say yet when borrowing opens again; please contact our customer service.",
    },
    "actions": {"zh": "恢复额度的办法：{actions}。", "en": "What brings your limit back: {actions}."},
    "nothing_to_do": {
        "zh": "您无需操作，保持现状即可。",
        "en": "You need not do anything but go on as you do.",
    },
    "restored": {
        "zh": "如其他情况没有变差，您的额度最迟{date}恢复到{amount}。",
        "en": "If nothing else gets worse, your limit is back at {amount} by {date} at the latest.",
    },
    "first_raised": {
        "zh": "您的额度最迟{date}开始回升，至少升到{amount}。",
        "en": "It begins to rise by {date}, to at least {amount}.",
    },
    "no_date": {
        "zh": "目前还不能确定额度恢复的日期；怎样做有帮助，请参考建议。",
        "en": "We cannot name a day yet on which your limit returns; the advice says what helps.",
    },
    "capped": {
        "zh": "这是法规规定的上限；只要规定不变，您的额度就不能更高。",
        "en": "The law sets this maximum; your limit cannot be higher while that rule stands.",
    },
}
# The audience whose text is used if an earlier release published none; a customer never gets a desk's text.
_WORDS_OF: dict[str, tuple[str, ...]] = {
    "customer": ("",),
    "agent": ("agent_", ""),
    "restricted": ("restricted_", "agent_", ""),
}
_NO_WORDS: dict[str, dict[str, str]] = {
    "text": {"zh": "我们评估了您的账户", "en": "We reviewed your account"},
    "advice": {"zh": "请联系客服了解原因", "en": "Please ask our customer service for the reason"},
}

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONEY: dict[str, dict[str, str]] = {
    "CNY": {"zh": "{}元", "en": "{} yuan"},
    "TWD": {"zh": "新台币{}元", "en": "NT${}"},
    "CZK": {"zh": "{}捷克克朗", "en": "CZK {}"},
}


class Words(TypedDict):
    """A reason in words."""

    text: str
    advice: str


class WayBack(TypedDict):
    """What is known of a limit's way back, in one language; null if nothing is known."""

    actions: str | None
    restores_to_amount: Decimal | None
    restores_on_date: date | None
    first_raised_on_date: date | None
    first_raised_amount: Decimal | None
    unfrozen_on_date: date | None
    sooner: str | None


NO_WAY_BACK: WayBack = {
    "actions": None,
    "restores_to_amount": None,
    "restores_on_date": None,
    "first_raised_on_date": None,
    "first_raised_amount": None,
    "unfrozen_on_date": None,
    "sooner": None,
}


def told_appeal(route: AppealRoute, action: str) -> dict[str, str | None]:
    """How to contest a change, in both languages; empty for a change in the customer's favour."""
    is_contested = action in ("DOWN", "FREEZE")
    return {"appeal_zh": route.zh if is_contested else None, "appeal_en": route.en if is_contested else None}


def is_least(amount: Decimal, floor: Decimal, reference_limit: Decimal) -> bool:
    """Whether a limit is at the floor, so that it must not look like money to borrow."""
    return amount <= floor < reference_limit


def reason_words(reason: Mapping[str, object], audience: str, lang: str) -> Words:
    """`text` and `advice` of a row of `fct_decision_reason` for one audience, also if an earlier release published it."""

    def words(name: str) -> str:
        found = filter(None, (reason[f"{of}{name}_{lang}"] for of in _WORDS_OF[audience]))
        return str(next(found, _NO_WORDS[name][lang]))

    return {"text": words("text"), "advice": words("advice")}


def recourse_facts(row: Recourse, lang: str) -> WayBack:
    """What a row of `fct_recourse` says about an open promise and about a freeze, in one language."""
    is_open, is_alone = row["promise_status"] == "OPEN", row["promise_status"] is None
    actions, sooner = (row["actions_zh"], row["sooner_zh"]) if lang == "zh" else (row["actions_en"], row["sooner_en"])
    return {
        "actions": (is_open and actions) or None,
        "restores_to_amount": row["restores_to_amount"] if is_open else None,
        "restores_on_date": row["restores_on_date"] if is_open else None,
        "first_raised_on_date": row["first_raised_on_date"] if is_open else None,
        "first_raised_amount": row["first_raised_amount"] if is_open else None,
        # an earlier release put the day of a freeze where that of a promise is
        "unfrozen_on_date": row["unfrozen_on_date"] or (row["restores_on_date"] if is_alone else None),
        "sooner": sooner,
    }


def way_back(
    recourse: WayBack | None,
    currency: str,
    lang: str,
    today: date,
    *,
    is_frozen: bool,
    is_capped: bool = False,
) -> list[str]:
    """Sentences on what opens borrowing again, and on what brings a lowered limit back, each with its day.

    Args:
        recourse: as `recourse_facts` gives them; None if there is no date.
        today: the night that says it.
        is_frozen: borrowing is frozen, whatever the limit.
        is_capped: the limit stands at a regulatory cap.
    """

    def say(name: str, **values: object) -> str:
        return _WAY_BACK[name][lang].format(**values)

    known = recourse or NO_WAY_BACK
    sentences = []
    if free := known["unfrozen_on_date"]:
        sentences.append(say("unfrozen", date=day(free, lang, today)))
    elif is_frozen:
        sentences.append(say("frozen_no_date"))
    if known["sooner"]:
        sentences.append(say("sooner", sooner=known["sooner"]))
    if (back := known["restores_on_date"]) and known["restores_to_amount"] is not None:
        amount = money(known["restores_to_amount"], currency, lang)
        actions, first = known["actions"], known["first_raised_on_date"]
        sentences.append(say("actions", actions=actions) if actions else say("nothing_to_do"))
        if first and first < back and known["first_raised_amount"] is not None:
            least = money(known["first_raised_amount"], currency, lang)
            sentences.append(say("first_raised", date=day(first, lang, today), amount=least))
        sentences.append(say("restored", date=day(back, lang, today), amount=amount))
    return sentences or [say("capped" if is_capped else "no_date")]


def told_way_back(
    recourses: Mapping[str, WayBack | None],
    currency: str,
    today: date,
    *,
    is_frozen: bool,
    is_capped: bool = False,
) -> Json:
    """A notice's way back: its days (null if not known) and the sentences in each language of `recourses`."""
    known = recourses["zh"] or NO_WAY_BACK
    days = {
        "restores_on_date": known["restores_on_date"],
        "restores_to_amount": known["restores_to_amount"],
        "unfrozen_on_date": known["unfrozen_on_date"],
    }
    facts: Json = {name: None if value is None else str(value) for name, value in days.items()}
    for lang, recourse in recourses.items():
        sentences = way_back(recourse, currency, lang, today, is_frozen=is_frozen, is_capped=is_capped)
        facts[f"text_{lang}"] = ("" if lang == "zh" else " ").join(sentences)
    return facts


def money(amount: Decimal, currency: str, lang: str) -> str:
    """An amount as people write it: with thousands separators, and decimals only if there are any."""
    digits = f"{amount:,.2f}".removesuffix(".00")
    return _MONEY.get(currency, {}).get(lang, f"{currency} {{}}").format(digits)


def day(moment: date, lang: str, today: date | None = None) -> str:
    """A date as people say it: without its year if that is the year of `today`."""
    if lang == "zh":
        text, year = f"{moment.month}月{moment.day}日", f"{moment.year}年"
    else:
        text, year = f"{moment.day} {MONTHS[moment.month - 1]}", f" {moment.year}"
    if today and moment.year == today.year:
        return text
    return year + text if lang == "zh" else text + year
