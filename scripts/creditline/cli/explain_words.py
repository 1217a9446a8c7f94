"""The words of `explain` in Chinese and English: sentences, and names of actions, states and operators."""

from __future__ import annotations

from creditline.release.wording import NOTHING_TO_BORROW

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
    "cannot_borrow": NOTHING_TO_BORROW,
    "grantable": {"zh": "如提出申请，额度最高可到{amount}。", "en": "On request the limit could be up to {amount}."},
    "in_flight": {
        "zh": "变动的指令正在送往核心系统。",
        "en": "The order for the change is on its way to the core system.",
    },
    "condition": {
        "zh": "观察期须连续正常{needed}晚，已过{done}晚。",
        "en": "Of the {needed} nights that have to pass in order, {done} have passed.",
    },
    "promise_kept": {
        "zh": "{date}承诺的恢复已兑现。",
        "en": "The limit has come back, as was said on {date}.",
    },
    "promise_void": {
        "zh": "{date}给出的恢复日期不再有效：{reason}。",
        "en": "The date that was given on {date} holds no more: {reason}.",
    },
    "promise_missed": {
        "zh": "{date}给出的恢复日期没有兑现，请转风险部门。",
        "en": "The date that was given on {date} was missed; pass it on to the risk department.",
    },
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

VOID_REASONS: dict[str, dict[str, str]] = {
    "ACCOUNT_CLOSED": {"zh": "账户已关闭", "en": "the account is closed"},
    "NEW_POLICY": {"zh": "评估规则已更新", "en": "the rules have changed"},
    "CORE_CHANGED_LIMIT": {"zh": "核心系统自行调低了额度", "en": "the core system lowered the limit by itself"},
    "ORDER_NOT_APPLIED": {"zh": "核心系统没有执行提额指令", "en": "the core system did not apply the raise"},
    "NOT_ORDERED": {"zh": "提额决定没有发出", "en": "the raise that was decided was not ordered"},
    "SOURCE_LATE": {"zh": "数据迟到，暂不能确认", "en": "data came late, so that it cannot be confirmed"},
    "EVIDENCE": {
        "zh": "客户的情况比当时变差，或没有按建议去做",
        "en": "things got worse since, or the advice was not followed",
    },
    "USE_OF_LIMIT": {"zh": "额度使用率比当时高", "en": "more of the limit is in use than then"},
    "RAISE_FORBIDDEN": {"zh": "提额条件未满足", "en": "the conditions of a raise are not met"},
    "OWN_MAXIMUM": {"zh": "客户本人设定了更低的上限", "en": "the customer set a lower maximum"},
    "BOUND": {"zh": "产品、收入或监管上限已降低", "en": "a bound of product, income or law has come down"},
    "NIGHTS_LOST": {"zh": "有几晚没有评估", "en": "several nights were not evaluated"},
    "EVIDENCE_SUSPENDED": {
        "zh": "冻结、争议或延期期间不作评估",
        "en": "nothing is evaluated during a freeze, a dispute or a payment pause",
    },
    "NOT_DELIVERED": {"zh": "核心系统没有送来该账户", "en": "the core system did not deliver the account"},
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
    "restored": {"zh": "申诉成立后恢复", "en": "restored after an overturned appeal"},
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


def say(name: str, lang: str, **values: object) -> str:
    """One sentence with its values."""
    return SENTENCES[name][lang].format(**values)
