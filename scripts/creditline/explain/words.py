"""The words of `explain` in Chinese and English: sentences, and names of actions, states and operators."""

from __future__ import annotations

from creditline.release.wording import NOTHING_TO_BORROW

LANGUAGES = ("zh", "en")

SENTENCES: dict[str, dict[str, str]] = {
    "title": {"zh": "账户{account}，截至{date}", "en": "Account {account}, as of {date}"},
    "limit": {"zh": "您的额度为{amount}", "en": "Your limit is {amount}"},
    "limit_since": {"zh": "自{date}起，您的额度为{amount}", "en": "Since {date} your limit has been {amount}"},
    "no_usable_limit": {"zh": "您的额度目前暂不可用", "en": "At present you cannot use your limit"},
    "no_usable_limit_since": {"zh": "自{date}起，您的额度暂不可用", "en": "Since {date} you cannot use your limit"},
    "no_line": {"zh": "该账户没有信用额度", "en": "The account has no credit line"},
    "before": {"zh": "，此前为{amount}", "en": "; before that it was {amount}"},
    "approved": {"zh": "您的核定额度为{amount}。", "en": "The limit approved for you is {amount}."},
    "raised": {"zh": "您的额度将提高到{amount}，{date}生效。", "en": "Your limit goes up to {amount} on {date}."},
    "lowered": {"zh": "您的额度将降低到{amount}，{date}生效。", "en": "Your limit goes down to {amount} on {date}."},
    "lowered_to_nothing": {"zh": "自{date}起，您的额度暂不可用。", "en": "From {date} you cannot use your limit."},
    "unchanged": {
        "zh": "最近一次评估后，您的额度没有变化。",
        "en": "The latest review left your limit as it is.",
    },
    "unchanged_for": {
        "zh": "您的额度已有{days}天没有变化。",
        "en": "It has not changed for {days} days.",
    },
    "maintenance": {
        "zh": "系统正在维护，您的额度不变，维护结束后照常评估。",
        "en": "We are doing maintenance: your limit stays as it is, and is reviewed again afterwards.",
    },
    "first_review": {
        "zh": "这是该账户的首次评估，额度没有变化。",
        "en": "This was the first review of the account; it left your limit as it is.",
    },
    "over": {
        "zh": "如有疑问，请联系客服。",
        "en": "If you have questions about this, please contact our customer service.",
    },
    "void": {
        "zh": "最近一次评估的资料不完整，没有作出任何决定，额度不变。",
        "en": "At the latest review our records were not complete: nothing was decided and your limit stays as it is.",
    },
    "pending": {
        "zh": "您的额度将降低到{amount}，最早{date}生效；在此之前如情况好转，降幅会减小或不再降低。",
        "en": "Your limit is to go down to {amount}, on {date} at the earliest; if things get better before then, it goes "
        "down less or not at all.",
    },
    "pending_to_nothing": {
        "zh": "您的额度将暂停使用，最早{date}生效；在此之前如情况好转，降幅会减小或不再降低。",
        "en": "From {date} at the earliest you cannot use your limit; if things get better before then, it goes down less or "
        "not at all.",
    },
    "can_borrow": {"zh": "您现在可以借款{amount}。", "en": "You can borrow {amount} now."},
    "can_borrow_from": {
        "zh": "自{date}起，您可以重新借款，可借金额为{amount}；您的额度没有变化。",
        "en": "From {date} on you can borrow {amount} again; your limit is unchanged.",
    },
    "cannot_borrow": NOTHING_TO_BORROW,
    "cannot_borrow_from": {
        "zh": "自{date}起，您不能借款，原因：{reason}。",
        "en": "From {date} on you cannot borrow, because: {reason}.",
    },
    "grantable": {
        "zh": "如您提出申请，额度最高可到{amount}。",
        "en": "If you ask for more, your limit could be up to {amount}.",
    },
    "in_flight": {"zh": "额度变动正在办理中。", "en": "The change is being carried out."},
    "condition_new": {
        "zh": "自{date}起的限制，须连续{needed}天保持正常后才会解除。",
        "en": "The restriction since {date} ends after {needed} days in a row without a problem.",
    },
    "condition": {
        "zh": "自{date}起的限制，须连续{needed}天保持正常后才会解除，目前已满{done}天。",
        "en": "The restriction since {date} ends after {needed} days in a row without a problem; {done} of the {needed} days "
        "have passed.",
    },
    "condition_paying": {
        "zh": "自{date}起的限制，{needed}天的观察期已满；今后各期按时还款后解除。",
        "en": "Of the restriction since {date} the {needed} days of observation are over; it ends once the coming "
        "instalments are paid on time.",
    },
    "no_raise_new": {
        "zh": "由于{date}以来的情况，须连续{needed}天保持正常后，您的额度才能提高；其他不受影响。",
        "en": "Because of what has been known since {date} your limit can rise only after {needed} days in a row without a "
        "problem; nothing else is restricted.",
    },
    "no_raise": {
        "zh": "由于{date}以来的情况，须连续{needed}天保持正常后，您的额度才能提高，目前已满{done}天；其他不受影响。",
        "en": "Because of what has been known since {date} your limit can rise only after {needed} days in a row without a "
        "problem; {done} of the {needed} days have passed. Nothing else is restricted.",
    },
    "no_raise_paying": {
        "zh": "由于{date}以来的情况而设的{needed}天观察期已满；今后各期按时还款后，您的额度才能提高。",
        "en": "Of what has been known since {date} the {needed} days of observation are over; your limit can rise once the "
        "coming instalments are paid on time.",
    },
    "appeal": {"zh": "您{opened}提出的申诉正在处理。", "en": "We are looking into your appeal of {opened}."},
    "appeal_due": {
        "zh": "您{opened}提出的申诉正在处理，最迟{due}答复您。",
        "en": "We are looking into your appeal of {opened}; you have our answer by {due} at the latest.",
    },
    "appeal_late": {
        "zh": "您{opened}提出的申诉仍在处理，答复已经晚了，我们很抱歉。",
        "en": "We are still looking into your appeal of {opened}; our answer is late, and we are sorry.",
    },
    "promise_kept": {
        "zh": "您的额度已恢复，{date}向您说明的承诺已兑现。",
        "en": "Your limit is back, as we told you on {date}.",
    },
    "promise_void": {
        "zh": "{date}给出的恢复日期不再有效：{reason}。",
        "en": "The date that was given on {date} no longer holds: {reason}.",
    },
    "promise_missed": {
        "zh": "{date}给出的恢复日期未能兑现，请转风险部门处理。",
        "en": "The date that was given on {date} was missed; pass it on to the risk department.",
    },
    "corrected_uncut": {
        "zh": "{recorded}我们更正了记录：按更正后的记录，您的额度在{date}本不会降低，仍为{amount}。",
        "en": "On {recorded} we corrected our records: by them your limit would not have been lowered on {date}, it would have "
        "stayed at {amount}.",
    },
    "corrected_higher": {
        "zh": "{recorded}我们更正了记录：按更正后的记录，{date}评估得出的额度应为{amount}。",
        "en": "On {recorded} we corrected our records: by them the review of {date} would have come to a limit of {amount}.",
    },
    "corrected_lower": {
        "zh": "{recorded}我们更正了记录：按更正后的记录，{date}评估得出的额度应为{amount}；我们不会因此降低您的额度。",
        "en": "On {recorded} we corrected our records: by them the review of {date} would have come to a limit of {amount}; "
        "nothing is taken back because of that.",
    },
    "corrected_unfrozen": {
        "zh": "{recorded}我们更正了记录：按更正后的记录，{date}本不会暂停您的借款功能，额度为{amount}。",
        "en": "On {recorded} we corrected our records: by them borrowing would not have been paused on {date}; the limit is "
        "{amount}.",
    },
    "corrected_same": {
        "zh": "{recorded}我们更正了记录：按更正后的记录，{date}评估得出的额度不变，仍为{amount}。",
        "en": "On {recorded} we corrected our records: by them the review of {date} comes to the same limit, {amount}.",
    },
    "corrected_void": {
        "zh": "{recorded}我们确认{date}收到的数据有误：当日的评估不再作数。",
        "en": "On {recorded} we found that the data of {date} were wrong: the review of that day counts no more.",
    },
    "corrected": {
        "zh": "{recorded}我们更正了{date}评估所用的记录。",
        "en": "On {recorded} we corrected the records that the review of {date} went by.",
    },
    "why_now": {"zh": "按更正后的记录，原因如下", "en": "Why, by the corrected records"},
    "back_owed": {
        "zh": "您的额度将在下一次评估后恢复到{amount}，您无需操作。",
        "en": "With our next review your limit goes back to {amount}; you need not do anything.",
    },
    "back_owed_unordered": {
        "zh": "应当恢复到的额度为{amount}，目前还不能确定恢复的日期。",
        "en": "Your limit is to go back to {amount}; we cannot name the day yet.",
    },
    "back_ordered": {
        "zh": "您的额度将恢复到{amount}，{date}生效，您无需操作。",
        "en": "Your limit goes back to {amount} on {date}; you need not do anything.",
    },
    "back_returned": {
        "zh": "您的额度已于{date}恢复到{amount}。",
        "en": "Your limit has been back at {amount} since {date}.",
    },
    "back_nothing": {
        "zh": "没有因此需要恢复的额度。",
        "en": "Nothing has to come back because of it.",
    },
    "restated": {
        "zh": "追溯重述：自{date}起（{revision}），理由：{reason}",
        "en": "Restated from {date} on as {revision}; the reason given: {reason}",
    },
    "state_now": {
        "zh": "按更正后的记录，决定：{action}；状态：{state}；额度{amount}；评分{score}，等级{band}。",
        "en": "By the corrected records: action: {action}; state: {state}; limit {amount}; score {score}, band {band}.",
    },
    "restated_by": {
        "zh": "由{by}提出，{approver}批准；采用截至{date}已知的记录。",
        "en": "Asked for by {by}, approved by {approver}; with what was known until {date}.",
    },
    "hash_now": {"zh": "更正后的决策哈希值 {hash}", "en": "Decision hash by the corrected records {hash}"},
    "why": {"zh": "原因", "en": "Why"},
    "why_decided": {"zh": "作出该决定的原因", "en": "Why it was decided"},
    "withheld": {"zh": "已决定，未下达：{why}。", "en": "Decided, not ordered: {why}."},
    "withheld_limit": {
        "zh": "已决定，未下达：{why}。决定的额度为{amount}。",
        "en": "Decided, not ordered: {why}. The limit that was decided is {amount}.",
    },
    "not_ordered_about": {
        "zh": "目前不向核心系统下达该客户的指令：{why}。",
        "en": "No orders about this customer leave for the core system: {why}.",
    },
    "happened": {"zh": "情况", "en": "What happened"},
    "why_then": {"zh": "{date}额度变动的原因", "en": "Why it changed on {date}"},
    "advice": {"zh": "建议：", "en": "Advice: "},
    "colon": {"zh": "：", "en": ": "},
    "notice": {"zh": "须在{date}前通知客户。", "en": "The customer must be told by {date}."},
    "score": {
        "zh": "评分{score}，等级{band}；连续多日确认的评分{confirmed}；参考额度{reference}，目标额度{target}。",
        "en": "Score {score}, band {band}; score confirmed over several nights {confirmed}; reference limit {reference}, "
        "target {target}.",
    },
    "not_confirmed": {"zh": "暂无（观察天数不足）", "en": "none yet (too few nights are known)"},
    "no_target": {"zh": "暂无", "en": "none yet"},
    "state": {"zh": "决定：{action}；状态：{state}。", "en": "Action: {action}; state: {state}."},
    "core": {
        "zh": "当前额度由核心系统设定，并非夜间评估的决定。",
        "en": "The limit as it stands was set in the core system; no nightly decision of ours made it.",
    },
    "trace": {"zh": "额度计算过程", "en": "How it came about"},
    "open_conditions": {"zh": "尚未解除的限制条件", "en": "Open conditions"},
    "open_condition": {
        "zh": "{code}：自{date}起，须满{needed}天，已满{done}天",
        "en": "{code}: since {date}, {done} of {needed} days",
    },
    "inherited": {
        "zh": "（首次评估前已存在，批准之前只限制提额）",
        "en": " (there before our first review: until it is approved it only keeps the limit from rising)",
    },
    "raises_only": {"zh": "（只限制提额）", "en": " (it only keeps the limit from rising)"},
    "policy": {"zh": "策略版本 {version}", "en": "Policy version {version}"},
    "hash": {"zh": "决策哈希值 {hash}", "en": "Decision hash {hash}"},
    "expected_loss": {
        "zh": "违约概率{pd}，预期损失{amount}。",
        "en": "Probability of default {pd}, expected loss {amount}.",
    },
    "fact": {"zh": "依据：{feature} = {value}，扣分{points}", "en": "fact: {feature} = {value}, points lost {points}"},
}

# Statuses of accounts that are no more: there is nothing else to say of them.
OVER = ("closed", "charged_off", "deceased")

CANNOT_BORROW: dict[str, dict[str, str]] = {
    "closed": {"zh": "该账户已关闭", "en": "the account is closed"},
    "charged_off": {"zh": "该账户已核销", "en": "the account is written off"},
    "deceased": {"zh": "该账户已停用", "en": "the account is no longer in use"},
    "blocked": {"zh": "该账户已被停止借款", "en": "borrowing on the account is blocked"},
    "no_line": {"zh": "该账户没有信用额度", "en": "the account has no credit line"},
    "all_used": {
        "zh": "额度已全部用完，目前欠款{amount}",
        "en": "the whole limit is in use; {amount} is owed",
    },
    "too_little_left": {
        "zh": "剩余的{amount}低于单笔借款的最低金额",
        "en": "the {amount} that is left is less than the smallest amount that can be drawn",
    },
    "reduced": {"zh": "您的额度已降低，尚未恢复", "en": "your limit was lowered and is not back yet"},
    "paused": {
        "zh": "为保护您的账户，借款功能已暂停；您的额度没有变化",
        "en": "to protect your account, borrowing is paused; your limit is unchanged",
    },
}

# Why what was decided is not ordered, for those who work with it (creditline.release.told).
WITHHELD: dict[str, dict[str, str]] = {
    "observe": {"zh": "观察模式", "en": "observe mode"},
    "paused": {"zh": "已暂停", "en": "paused"},
    "ramp": {"zh": "不在放量范围内", "en": "outside the ramp"},
    "held": {"zh": "暂扣待批", "en": "held"},
    "frozen": {"zh": "指令发出前已被安全冻结", "en": "frozen before the order left"},
    "expired": {"zh": "指令发出前已过期", "en": "expired before it could leave"},
    "waiting": {"zh": "尚未发出", "en": "not released yet"},
    "unordered": {"zh": "当时没有发出指令", "en": "no order left at the time"},
}

VOID_REASONS: dict[str, dict[str, str]] = {
    "ACCOUNT_CLOSED": {"zh": "账户已关闭", "en": "the account is closed"},
    "NEW_POLICY": {"zh": "评估规则已更新", "en": "the rules have changed"},
    "CORE_CHANGED_LIMIT": {"zh": "核心系统自行调低了额度", "en": "the core system lowered the limit by itself"},
    "ORDER_NOT_APPLIED": {"zh": "核心系统没有执行提额指令", "en": "the core system did not apply the raise"},
    "PERSON_CHANGED": {
        "zh": "客户资料合并或拆分后需要重新计算",
        "en": "customer records were merged or split and it has to be worked out anew",
    },
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
    "NIGHTS_LOST": {"zh": "有若干晚没有评估", "en": "several nights were not evaluated"},
    "EVIDENCE_SUSPENDED": {
        "zh": "冻结、争议或延期期间不作评估",
        "en": "nothing is evaluated during a freeze, a dispute or a payment pause",
    },
    "NOT_DELIVERED": {"zh": "核心系统没有报送该账户", "en": "the core system did not deliver the account"},
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
    "restored": {"zh": "申诉成立后恢复", "en": "restored after an appeal succeeded"},
    "product_tier": {"zh": "产品档位上限（{rule}）", "en": "bound of the product tier ({rule})"},
    "no_raise": {"zh": "不满足提额条件", "en": "conditions of a raise not met"},
    "income": {"zh": "收入上限", "en": "bound by income"},
    "raise_budget": {"zh": "提额预算已用完", "en": "budget for raises used up"},
    "restatement": {"zh": "更正记录后应得的额度", "en": "given back since records were corrected"},
    "protect": {"zh": "保护期内不降额（{rule}）", "en": "protected from a cut ({rule})"},
    "hard_trigger": {"zh": "强制触发规则{rule}", "en": "hard trigger {rule}"},
    "floor": {"zh": "最低额度", "en": "floor"},
    "rounding": {"zh": "取整", "en": "rounding down"},
    "balance_rule": {"zh": "降额后不低于欠款", "en": "a cut stops at what is owed"},
    "own_maximum": {"zh": "客户本人设定的上限", "en": "the customer's own maximum"},
    "regulatory_cap": {"zh": "监管上限（{rule}）", "en": "regulatory cap ({rule})"},
    "overlay": {"zh": "冻结或保全期间额度不变（{rule}）", "en": "unchanged while frozen or held ({rule})"},
    "pending": {"zh": "等待通知期满", "en": "waiting for its notice"},
}


def say(name: str, lang: str, **values: object) -> str:
    """One sentence with its values."""
    return SENTENCES[name][lang].format(**values)
