"""Why an account's limit is what it is: the published facts that one audience may see.

A customer sees neither scores nor thresholds, operators, nor the floor as if it were money to borrow; an agent sees how
the limit came about; compliance sees what proves it, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from creditline.cli.explain_words import ACTIONS, CANNOT_BORROW, OPERATORS, STATES, money
from creditline.errors import CreditlineError
from creditline.gate.identity import account_key_of
from creditline.home import Home
from creditline.publish.reader import open_marts
from creditline.release.wording import is_least

AUDIENCES = ("customer", "agent", "compliance")
Facts = dict[str, object]


@dataclass(frozen=True)
class _Published:
    """What the marts hold about one account on one night."""

    decision: Facts
    account: Facts
    since: date
    limit_before: Decimal | None
    cause: Facts | None
    reasons: list[Facts]
    cause_reasons: list[Facts]
    trace: list[Facts]
    floor: Decimal

    def is_floor(self, amount: Decimal) -> bool:
        """The least that a credit outcome leaves: nothing that anybody could borrow."""
        return is_least(amount, self.floor, self.decision["reference_limit_amount"])


def explain_account(
    home: Home, account_id: str, business_date: date | None, audience: str = "customer", lang: str = "en"
) -> Facts:
    """What `audience` may know about an account tonight, or about the decision of a past night, in one language.

    Raises:
        CreditlineError: no such account, or no decision on that night.
    """
    key = account_key_of(home, account_id)
    with open_marts(home) as connection:
        night = business_date or connection.execute("select max(business_date) from publication").fetchone()[0]
        published = _read(connection, account_id, key, night)
    facts = {"account": account_id, "business_date": night, "audience": audience, "lang": lang}
    facts |= _for_customer(published, lang, audience == "customer")
    if audience != "customer":
        facts |= _for_agent(published, lang)
    if audience == "compliance":
        facts |= _for_compliance(published)
    return facts


def _read(connection: duckdb.DuckDBPyConnection, account_id: str, key: int, night: date) -> _Published:
    decisions = _rows(connection, "fct_limit_decision", key, night, "account_key")
    if not decisions:
        raise CreditlineError(
            f"account {account_id} has no decision on {night}; see `creditline status` for the nights"
        )
    decision = decisions[0]
    since, night_before = _since(connection, key, night, decision["old_limit_amount"])
    cause = _cause(connection, key, since, decision["old_limit_amount"])
    before = _rows(connection, "fct_account_night", key, night_before, "account_key") if night_before else []
    return _Published(
        decision=decision,
        account=_rows(connection, "fct_account_night", key, night, "account_key")[0],
        since=since,
        limit_before=before[0]["limit_amount"] if before else None,
        cause=cause,
        reasons=_rows(connection, "fct_decision_reason", key, night, "reason_rank"),
        cause_reasons=_rows(connection, "fct_decision_reason", key, cause["business_date"], "reason_rank")
        if cause
        else [],
        trace=_rows(connection, "fct_decision_trace", key, night, "step"),
        floor=connection.execute(
            "select floor_amount from dim_policy where policy_version = ?", [decision["policy_version"]]
        ).fetchone()[0],
    )


def _rows(connection: duckdb.DuckDBPyConnection, table: str, key: int, night: date, order: str) -> list[Facts]:
    cursor = connection.execute(
        f"select * from {table} where account_key = ? and business_date = ? order by {order}", [key, night]
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _since(connection: duckdb.DuckDBPyConnection, key: int, night: date, limit: Decimal) -> tuple[date, date | None]:
    """The first night on which tonight's limit stood, and the last one with another (None if none is known)."""
    return connection.execute(
        "select min(business_date) filter (where business_date > coalesce(other, date '0001-01-01')), other"
        " from fct_account_night cross join (select max(business_date) as other from fct_account_night"
        "  where account_key = $key and business_date <= $night and limit_amount <> $limit)"
        " where account_key = $key and business_date <= $night group by other",
        {"key": key, "night": night, "limit": limit},
    ).fetchone()


def _cause(connection: duckdb.DuckDBPyConnection, key: int, since: date, limit: Decimal) -> Facts | None:
    """The decision of ours that made the limit what it is; None if the core set it."""
    night = connection.execute(
        "select max(business_date) from fct_limit_decision"
        " where account_key = ? and business_date < ? and action in ('UP', 'DOWN')",
        [key, since],
    ).fetchone()[0]
    decisions = _rows(connection, "fct_limit_decision", key, night, "account_key") if night else []
    return next((row for row in decisions if row["recommended_limit_amount"] == limit), None)


def _for_customer(published: _Published, lang: str, hides_floor: bool) -> Facts:
    """The limit, what comes, what can be borrowed, and why; without scores, thresholds and operators."""
    decision = published.decision

    def shown(amount: Decimal | None) -> Decimal | None:
        """None where the amount is the floor: a customer must not take it for money to borrow."""
        return None if amount is None or (hides_floor and published.is_floor(amount)) else amount

    is_telling = published.reasons or decision["action"] != "HOLD"
    cause = None if is_telling else published.cause
    return {
        "currency": published.account["currency_code"],
        "limit_amount": shown(decision["old_limit_amount"]),
        "limit_since_date": published.since,
        "limit_before_amount": shown(published.limit_before),
        "approved_limit_amount": decision["reference_limit_amount"],
        "has_line": decision["reference_limit_amount"] > 0,
        "is_void_night": decision["is_void"],
        "change": decision["action"] if decision["action"] in ("UP", "DOWN") else None,
        "limit_after_amount": shown(decision["recommended_limit_amount"]),
        "effective_date": decision["effective_date"],
        "is_pending": decision["is_pending"],
        "pending_limit_amount": shown(decision["pending_limit_amount"]),
        "cannot_borrow_because": _cannot_borrow(published, lang, hides_floor),
        "drawable_amount": decision["drawable_amount"] if decision["is_usable"] else Decimal(0),
        "grantable_amount": decision["max_grantable_amount"]
        if decision["max_grantable_amount"] > max(decision["recommended_limit_amount"], published.floor)
        else None,
        "reasons": [_reason(row, lang, hides_floor) for row in published.reasons],
        "cause_date": cause["business_date"] if cause else None,
        "cause_reasons": [_reason(row, lang, hides_floor) for row in published.cause_reasons] if cause else [],
    }


def _reason(row: Facts, lang: str, is_for_customer: bool) -> Facts:
    kind = "" if is_for_customer else "agent_"
    return {"text": row[f"{kind}text_{lang}"], "advice": row[f"{kind}advice_{lang}"]} | (
        {} if is_for_customer else {"reason_code": row["reason_code"]}
    )


def _cannot_borrow(published: _Published, lang: str, is_for_customer: bool) -> str | None:
    """Why nothing can be borrowed now, in words; None if something can."""
    decision, account = published.decision, published.account
    if decision["is_usable"]:
        return None
    status, reasons = account["status"], published.reasons or published.cause_reasons
    owed, limit = account["principal_balance"], decision["recommended_limit_amount"]
    name, amount = "reduced", Decimal(0)
    if status in CANNOT_BORROW and not (status == "blocked" and reasons and published.is_floor(limit)):
        name = status
    elif decision["reference_limit_amount"] == 0:
        name = "no_line"
    elif reasons and (published.is_floor(limit) or (limit > owed and decision["drawable_amount"] == 0)):
        return _reason(reasons[0], lang, is_for_customer)["text"]
    elif owed >= limit > published.floor:
        name, amount = "all_used", owed
    elif decision["drawable_amount"] > 0 and not published.is_floor(limit):
        name, amount = "too_little_left", decision["drawable_amount"]
    return CANNOT_BORROW[name][lang].format(amount=money(amount, account["currency_code"], lang))


def _for_agent(published: _Published, lang: str) -> Facts:
    """How the limit came about."""
    decision = published.decision
    confirmed = decision["confirmed_score_milli"]
    return {
        "is_limit_of_core": published.limit_before is not None and published.cause is None,
        "action": ACTIONS[decision["action"]][lang],
        "display_state": STATES[decision["display_state"]][lang],
        "is_notice_required": decision["is_notice_required"],
        "notice_due_date": decision["notice_due_date"],
        "score": decision["score"],
        "band": decision["band"],
        "confirmed_score": None if confirmed is None else Decimal(confirmed) / 1000,
        "target_limit_amount": decision["target_limit_amount"],
        "steps": [
            {
                "operator": OPERATORS[row["operator"]][lang].format(rule=row["rule_id"]),
                "before_amount": row["before_amount"],
                "after_amount": row["after_amount"],
            }
            for row in published.trace
        ],
    }


def _for_compliance(published: _Published) -> Facts:
    """What proves it."""
    decision = published.decision
    return {
        "policy_version": decision["policy_version"],
        "decision_sha256": decision["decision_sha256"],
        "pd_bp": decision["pd_bp"],
        "expected_loss_amount": decision["expected_loss_amount"],
        "facts": [
            {name: row[name] for name in ("reason_code", "feature", "feature_value", "points_lost")}
            for row in published.reasons
        ],
    }
