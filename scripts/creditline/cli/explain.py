"""Why an account's limit is what it is, as a person would want to read it."""

from __future__ import annotations

from datetime import date

import duckdb

from creditline.errors import CreditlineError
from creditline.gate.identity import account_key_of
from creditline.home import Home
from creditline.publish.reader import open_marts

_WORDS = {
    "zh": {
        "decision": "{date} 夜间决定:账户 {account}",
        "limit": "额度:{old} → {new}({action},{state})",
        "score": "评分 {score},等级 {band};参考额度 {reference},目标额度 {target}",
        "drawable": "当前可借 {drawable}",
        "effective": "生效日期 {effective}",
        "reasons": "原因",
        "advice": "建议",
        "none": "额度未变",
        "trace": "计算步骤",
    },
    "en": {
        "decision": "Decision of the night {date} for account {account}",
        "limit": "Limit: {old} -> {new} ({action}, {state})",
        "score": "Score {score}, band {band}; reference limit {reference}, target {target}",
        "drawable": "Can be borrowed now: {drawable}",
        "effective": "Holds from {effective}",
        "reasons": "Why",
        "advice": "What helps",
        "none": "The limit stays as it is.",
        "trace": "How it came about",
    },
}


def explain_account(home: Home, account_id: str, business_date: date | None) -> dict[str, object]:
    """The decision of one night on one account, with its trace and reasons, as plain values.

    Raises:
        CreditlineError: no such account, or no decision on that night.
    """
    key = account_key_of(home, account_id)
    with open_marts(home) as connection:
        night = business_date or connection.execute("select max(business_date) from publication").fetchone()[0]
        decisions = _rows(connection, "fct_limit_decision", key, night, "account_key")
        if not decisions:
            raise CreditlineError(
                f"account {account_id} has no decision on {night}; see `creditline status` for the nights"
            )
        return {
            "account": account_id,
            "business_date": night,
            "decision": decisions[0],
            "reasons": _rows(connection, "fct_decision_reason", key, night, "reason_rank"),
            "trace": _rows(connection, "fct_decision_trace", key, night, "step"),
        }


def _rows(connection: duckdb.DuckDBPyConnection, table: str, key: int, night: date, order: str) -> list[dict]:
    cursor = connection.execute(
        f"select * from {table} where account_key = ? and business_date = ? order by {order}", [key, night]
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def explanation_text(explanation: dict, lang: str) -> str:
    """The explanation in words, `zh` or `en`."""
    words, decision = _WORDS[lang], explanation["decision"]
    lines = [
        words["decision"].format(date=explanation["business_date"], account=explanation["account"]),
        words["limit"].format(
            old=decision["old_limit_amount"],
            new=decision["recommended_limit_amount"],
            action=decision["action"],
            state=decision["display_state"],
        ),
        words["score"].format(
            score=decision["score"],
            band=decision["band"],
            reference=decision["reference_limit_amount"],
            target=decision["target_limit_amount"],
        ),
        words["drawable"].format(drawable=decision["drawable_amount"]),
    ]
    if decision["effective_date"]:
        lines.append(words["effective"].format(effective=decision["effective_date"]))
    if not explanation["reasons"]:
        lines += ["", words["none"]]
    for number, reason in enumerate(explanation["reasons"], start=1):
        if number == 1:
            lines += ["", words["reasons"]]
        lines.append(f"  {number}. {reason[f'text_{lang}']} [{reason['reason_code']}]")
        if reason[f"advice_{lang}"]:
            lines.append(f"     {words['advice']}: {reason[f'advice_{lang}']}")
    if explanation["trace"]:
        lines += ["", words["trace"]]
        lines += [
            f"  {step['operator']:<16} {step['before_amount']:>14} -> {step['after_amount']:>14}  {step['rule_id']}"
            for step in explanation["trace"]
        ]
    return "\n".join(lines)
