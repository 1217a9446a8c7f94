"""The words of `explain` in Chinese and English: sentences, and names of actions, states and operators."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

LANGUAGES = ("zh", "en")

SENTENCES: dict[str, dict[str, str]] = {
    "title": {"zh": "账户 {account}，{date}夜间", "en": "Account {account}, night of {date}"},
    "limit": {"zh": "额度为{amount}", "en": "The limit is {amount}"},
    "no_usable_limit": {"zh": "目前没有可用的额度", "en": "There is no usable limit at present"},
    "no_line": {"zh": "该账户没有信用额度", "en": "The account has no credit line"},
    "since": {"zh": "，自{date}起", "en": " since {date}"},
    "before": {"zh": "（此前为{amount}）", "en": " (before: {amount})"},
    "approved": {"zh": "核定额度为{amount}。", "en": "The approved limit is {amount}."},
    "raised": {"zh": "自{date}起，额度提高到{amount}。", "en": "From {date} the limit is raised to {amount}."},
    "lowered": {"zh": "自{date}起，额度降低到{amount}。", "en": "From {date} the limit is lowered to {amount}."},
    "lowered_to_nothing": {"zh": "自{date}起，额度暂不可用。", "en": "From {date} no part of the limit can be used."},
    "unchanged": {"zh": "今晚额度没有变化。", "en": "Tonight the limit stays as it is."},
    "void": {
        "zh": "今晚的数据不可信，没有作出任何决定，额度不变。",
        "en": "Tonight's data could not be trusted: nothing was decided and the limit stays as it is.",
    },
    "pending": {
        "zh": "已决定将额度降低到{amount}，最早{date}生效；此前如情况好转，会提高该数额或撤回决定。",
        "en": "It has been decided to lower the limit to {amount}, from {date} at the earliest; if things get better "
        "before, that amount rises or the decision is withdrawn.",
    },
    "pending_to_nothing": {
        "zh": "已决定暂停使用额度，最早{date}生效；此前如情况好转，决定会撤回。",
        "en": "It has been decided that the limit can no longer be used, from {date} at the earliest; if things get "
        "better before, the decision is withdrawn.",
    },
    "can_borrow": {"zh": "现在可以借款{amount}。", "en": "{amount} can be borrowed now."},
    "cannot_borrow": {"zh": "现在不能借款，因为：{reason}。", "en": "Nothing can be borrowed now, because: {reason}."},
    "grantable": {"zh": "如提出申请，额度最高可到{amount}。", "en": "On request the limit could be up to {amount}."},
    "why": {"zh": "原因", "en": "Why"},
    "why_then": {"zh": "额度当时变动的原因（{date}）", "en": "Why the limit changed then ({date})"},
    "advice": {"zh": "建议：", "en": "What helps: "},
    "colon": {"zh": "：", "en": ": "},
    "notice": {"zh": "须在{date}前通知客户。", "en": "The customer must be told by {date}."},
    "score": {
        "zh": "评分{score}，等级{band}；经多晚确认的评分{confirmed}；参考额度{reference}，目标额度{target}。",
        "en": "Score {score}, band {band}; score confirmed over several nights {confirmed}; reference limit {reference}, "
        "target {target}.",
    },
    "not_confirmed": {"zh": "尚无（观察的夜晚还不够）", "en": "none yet (too few nights are known)"},
    "no_target": {"zh": "尚无", "en": "none yet"},
    "state": {"zh": "动作：{action}；状态：{state}。", "en": "Action: {action}; state: {state}."},
    "core": {
        "zh": "现有额度由核心系统设定，不是我们某一晚的决定。",
        "en": "The limit as it stands was set in the core system; no nightly decision of ours made it.",
    },
    "trace": {"zh": "额度如何算出", "en": "How it came about"},
    "policy": {"zh": "政策版本 {version}", "en": "Policy version {version}"},
    "hash": {"zh": "决定的哈希 {hash}", "en": "Decision hash {hash}"},
    "expected_loss": {
        "zh": "违约概率{pd}，预期损失{amount}。",
        "en": "Probability of default {pd}, expected loss {amount}.",
    },
    "fact": {"zh": "依据：{feature} = {value}，失分{points}", "en": "fact: {feature} = {value}, points lost {points}"},
}

CANNOT_BORROW: dict[str, dict[str, str]] = {
    "closed": {"zh": "该账户已关闭", "en": "the account is closed"},
    "charged_off": {"zh": "该账户已核销", "en": "the account is written off"},
    "deceased": {"zh": "该账户已停用", "en": "the account is no longer in use"},
    "blocked": {"zh": "该账户已被停止借款", "en": "borrowing on the account is blocked"},
    "no_line": {"zh": "该账户没有信用额度", "en": "the account has no credit line"},
    "all_used": {
        "zh": "额度已全部用完，目前欠款{amount}",
        "en": "the whole limit is in use, {amount} are owed",
    },
    "too_little_left": {
        "zh": "剩余的{amount}低于单笔借款的最低金额",
        "en": "the {amount} that are left are less than the smallest amount that can be drawn",
    },
    "reduced": {"zh": "额度目前暂不可用", "en": "the limit cannot be used at present"},
}

ACTIONS: dict[str, dict[str, str]] = {
    "UP": {"zh": "提额", "en": "raise"},
    "DOWN": {"zh": "降额", "en": "cut"},
    "HOLD": {"zh": "不变", "en": "hold"},
    "FREEZE": {"zh": "冻结", "en": "freeze"},
    "RESTORE": {"zh": "解除冻结", "en": "restore"},
    "CLOSE": {"zh": "关闭", "en": "close"},
}

STATES: dict[str, dict[str, str]] = {
    "NORMAL": {"zh": "正常", "en": "normal"},
    "REDUCED": {"zh": "额度已降低", "en": "reduced"},
    "FLOORED": {"zh": "降至最低额度", "en": "at the floor"},
    "FROZEN_SECURITY": {"zh": "安全冻结", "en": "frozen"},
    "MAINTENANCE": {"zh": "系统维护", "en": "maintenance"},
    "REG_CAPPED": {"zh": "受监管上限约束", "en": "at a regulatory cap"},
    "CLOSED": {"zh": "已关闭", "en": "closed"},
}

OPERATORS: dict[str, dict[str, str]] = {
    "strategy": {"zh": "评分策略（等级{rule}）", "en": "strategy of the score (band {rule})"},
    "override": {"zh": "人工核定", "en": "set by hand"},
    "product_tier": {"zh": "产品档位上限（{rule}）", "en": "bound of the product tier ({rule})"},
    "no_raise": {"zh": "不满足提额条件", "en": "conditions of a raise not met"},
    "income": {"zh": "收入上限", "en": "bound by income"},
    "raise_budget": {"zh": "提额总额度已用完", "en": "budget for raises used up"},
    "restatement": {"zh": "更正记录后应得的额度", "en": "owed since records were corrected"},
    "protect": {"zh": "保护期内不降额（{rule}）", "en": "protected from a cut ({rule})"},
    "hard_trigger": {"zh": "强制触发规则{rule}", "en": "hard trigger {rule}"},
    "floor": {"zh": "最低额度", "en": "floor"},
    "rounding": {"zh": "取整", "en": "rounding down"},
    "balance_rule": {"zh": "降额不低于欠款", "en": "a cut stops at what is owed"},
    "own_maximum": {"zh": "客户本人设定的上限", "en": "the customer's own maximum"},
    "regulatory_cap": {"zh": "监管上限（{rule}）", "en": "regulatory cap ({rule})"},
    "overlay": {"zh": "冻结或保全期间额度不变（{rule}）", "en": "unchanged while frozen or held ({rule})"},
    "pending": {"zh": "等待通知期满", "en": "waiting for its notice"},
}

_MONEY: dict[str, dict[str, str]] = {
    "CNY": {"zh": "{}元", "en": "{} yuan"},
    "TWD": {"zh": "新台币{}元", "en": "NT${}"},
    "CZK": {"zh": "{}捷克克朗", "en": "CZK {}"},
}


def say(name: str, lang: str, **values: object) -> str:
    """One sentence with its values."""
    return SENTENCES[name][lang].format(**values)


def money(amount: Decimal, currency: str, lang: str) -> str:
    """An amount as people write it: thousands apart, no decimals where there are none."""
    digits = f"{amount:,.2f}".removesuffix(".00")
    return _MONEY.get(currency, {}).get(lang, f"{currency} {{}}").format(digits)


def day(moment: date, lang: str) -> str:
    """A date as people write it."""
    return f"{moment.year}年{moment.month}月{moment.day}日" if lang == "zh" else f"{moment.day} {moment:%B %Y}"
