"""Why an account's limit is what it is: the published facts that one audience may see.

A customer sees neither scores nor thresholds, operators, nor the floor as if it were money to borrow; an agent sees how
the limit came about; compliance sees what proves it, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import duckdb

from creditline.cli.explain_words import ACTIONS, CANNOT_BORROW, OPERATORS, OVER, STATES, VOID_REASONS
from creditline.errors import CreditlineError
from creditline.gate.identity import account_key_of
from creditline.home import Home
from creditline.home.marts import with_added
from creditline.publish.reader import open_marts
from creditline.release.wording import is_least, money, reason_words, recourse_facts

AUDIENCES = ("customer", "agent", "compliance")
Facts = dict[str, object]


@dataclass(frozen=True)
class _Published:
    """What the marts hold about one account on one night; `standing` only where it is today that is asked for."""

    decision: Facts
    account: Facts
    standing: Facts | None
    reasons: list[Facts]
    cause_reasons: list[Facts]
    conditions: list[Facts]
    recourse: Facts | None
    appeals: list[Facts]
    trace: list[Facts]
    floor: Decimal

    def is_floor(self, amount: Decimal) -> bool:
        """The least that a credit outcome leaves: nothing that anybody could borrow."""
        return is_least(amount, self.floor, self.decision["reference_limit_amount"])


def explain_account(
    home: Home, account_id: str, business_date: date | None, audience: str = "customer", lang: str = "en"
) -> Facts:
    """What `audience` may know about an account in one language: without a date where its limit stands today, since when
    and why; with one what that night decided. Both with what helps, and from which day on.

    Raises:
        CreditlineError: no such account, or no decision on that night.
    """
    key = account_key_of(home, account_id)
    with open_marts(home) as connection:
        published = _read(home, connection, account_id, key, business_date)
    night = published.decision["business_date"]
    facts = {"account": account_id, "business_date": night, "audience": audience, "lang": lang}
    facts |= _for_customer(published, lang, audience == "customer")
    if audience != "customer":
        facts |= _for_agent(published, lang)
    if audience == "compliance":
        facts |= _for_compliance(published)
    return facts


def _read(
    home: Home, connection: duckdb.DuckDBPyConnection, account_id: str, key: int, asked: date | None
) -> _Published:
    night = asked or connection.execute("select max(business_date) from publication").fetchone()[0]
    decisions = _rows(connection, "fct_limit_decision", key, night)
    if not decisions:
        raise CreditlineError(
            f"account {account_id} has no decision on {night}; see `creditline status` for the nights"
        )
    decision = decisions[0]
    standings = [] if asked else _found(connection, "dim_limit_standing", "account_key = ?", [key])
    standing = standings[0] if standings else None
    cause = standing and standing["cause_date"]
    return _Published(
        decision=decision,
        account=_rows(connection, "fct_account_night", key, night)[0],
        standing=standing,
        reasons=_rows(connection, "fct_decision_reason", key, night, "reason_rank"),
        cause_reasons=_rows(connection, "fct_decision_reason", key, cause, "reason_rank") if cause else [],
        conditions=_found(
            connection,
            "fct_trigger_night",
            "customer_key = ? and policy_version = ? and business_date = ? and is_held and not is_cured"
            " order by clean_days_needed - least(clean_days, clean_days_needed) desc, trigger_code",
            [decision["customer_key"], decision["policy_version"], night],
        ),
        recourse=next(iter(_rows(connection, "fct_recourse", key, night)), None),
        appeals=_found(
            connection,
            "fct_case",
            "(account_key = ? or account_key is null and customer_key = ?) and business_date = ? and kind = 'appeal'"
            " and is_open order by opened_date",
            [key, decision["customer_key"], night],
        ),
        trace=_rows(connection, "fct_decision_trace", key, night, "step"),
        floor=_floor(home, connection, decision),
    )


def _floor(home: Home, connection: duckdb.DuckDBPyConnection, decision: Facts) -> Decimal:
    """The floor of the pack that decided; `dim_policy` knows only those of the newest night."""
    (path,) = connection.execute(
        "select path from publication where business_date = ? and is_latest", [decision["business_date"]]
    ).fetchone()
    return connection.execute(
        "select floor_amount from read_parquet(?) where policy_version = ?",
        [f"{home.published}/{path}/marts/dim_policy.parquet", decision["policy_version"]],
    ).fetchone()[0]


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, key: int, night: date, order: str = "account_key"
) -> list[Facts]:
    return _found(connection, table, f"account_key = ? and business_date = ? order by {order}", [key, night])


def _found(connection: duckdb.DuckDBPyConnection, table: str, condition: str, values: list[object]) -> list[Facts]:
    """Rows of a published table, whichever release made `marts.duckdb`."""
    is_there = connection.execute("select count(*) from information_schema.tables where table_name = ?", [table])
    rows = with_added(table, f"from {table}" if is_there.fetchone()[0] else None)
    cursor = connection.execute(f"select * from ({rows}) where {condition}", values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _for_customer(published: _Published, lang: str, hides_floor: bool) -> Facts:
    """The limit, what comes, what can be borrowed, and why; without scores, thresholds and operators."""
    decision = published.decision

    def shown(amount: Decimal | None) -> Decimal | None:
        """None where the amount is the floor: a customer must not take it for money to borrow."""
        return None if amount is None or (hides_floor and published.is_floor(amount)) else amount

    standing = published.standing or {}
    is_telling = published.reasons or decision["action"] != "HOLD"
    return {
        "currency": published.account["currency_code"],
        "limit_amount": shown(decision["old_limit_amount"]),
        "limit_since_date": standing.get("since_date"),
        "limit_before_amount": shown(standing.get("previous_limit_amount")),
        "is_change_in_flight": standing.get("is_change_in_flight", False),
        "approved_limit_amount": decision["reference_limit_amount"],
        "is_over": published.account["status"] in OVER,
        "is_first_review": standing.get("since_date") == decision["business_date"]
        and standing["previous_limit_amount"] is None,
        "has_line": decision["reference_limit_amount"] > 0,
        "is_void_night": decision["is_void"],
        "is_maintenance": decision["display_state"] == "MAINTENANCE",
        "change": decision["action"] if decision["action"] in ("UP", "DOWN") else None,
        "limit_after_amount": shown(decision["recommended_limit_amount"]),
        "effective_date": decision["effective_date"],
        "movement": decision["action"] if decision["action"] in ("FREEZE", "RESTORE") else None,
        "is_frozen": decision["display_state"] == "FROZEN_SECURITY",
        "is_capped": decision["display_state"] == "REG_CAPPED",
        "is_pending": decision["is_pending"],
        "pending_limit_amount": shown(decision["pending_limit_amount"]),
        "cannot_borrow_because": _cannot_borrow(published, lang, hides_floor),
        "drawable_amount": decision["drawable_amount"] if decision["is_usable"] else Decimal(0),
        "grantable_amount": decision["max_grantable_amount"]
        if decision["max_grantable_amount"] > max(decision["recommended_limit_amount"], published.floor)
        else None,
        "reasons": [_reason(row, lang, hides_floor) for row in published.reasons],
        "cause_date": None if is_telling else standing.get("cause_date"),
        "cause_reasons": [] if is_telling else [_reason(row, lang, hides_floor) for row in published.cause_reasons],
        "conditions": [
            {
                "since_date": row["triggered_date"],
                "nights_done": min(row["clean_days"], row["clean_days_needed"]),
                "nights_needed": row["clean_days_needed"],
            }
            for row in published.conditions
        ],
        "recourse": _recourse(published, lang),
        "appeals": [
            {name: row[name] for name in ("opened_date", "due_date", "is_overdue")} for row in published.appeals
        ],
    }


def _recourse(published: _Published, lang: str) -> Facts | None:
    """What brings the limit back and from which day on; None if it is neither lowered nor frozen. A date is null where nobody
    can say."""
    decision, row = published.decision, published.recourse
    facts = recourse_facts(row, lang) if row else dict.fromkeys(("restores_on_date", "unfrozen_on_date"))
    is_known = facts["restores_on_date"] or facts["unfrozen_on_date"]
    is_kept = row is not None and row["promise_status"] == "KEPT"
    waiting = ("REDUCED", "FLOORED", "FROZEN_SECURITY", "REG_CAPPED")
    is_waiting = decision["display_state"] in waiting and not decision["is_void"]
    if not (is_known or is_kept or is_waiting):
        return None
    return facts | {"is_kept": is_kept, "promised_date": row and row["promised_date"]}


def _reason(row: Facts, lang: str, is_for_customer: bool) -> Facts:
    words = reason_words(row, "customer" if is_for_customer else "agent", lang)
    return words if is_for_customer else words | {"reason_code": row["reason_code"]}


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
        "is_limit_of_core": bool(published.standing)
        and published.standing["previous_limit_amount"] is not None
        and published.standing["cause_date"] is None,
        "action": ACTIONS[decision["action"]][lang],
        "display_state": STATES[decision["display_state"]][lang],
        "is_notice_required": decision["is_notice_required"],
        "notice_due_date": decision["notice_due_date"],
        "score": decision["score"],
        "band": decision["band"],
        "confirmed_score": None if confirmed is None else Decimal(confirmed) / 1000,
        "target_limit_amount": decision["target_limit_amount"],
        "ended_promise": _ended_promise(published.recourse, lang),
        "condition_codes": [row["trigger_code"] for row in published.conditions],
        "steps": [
            {
                "operator": OPERATORS[row["operator"]][lang].format(rule=row["rule_id"]),
                "before_amount": row["before_amount"],
                "after_amount": row["after_amount"],
            }
            for row in published.trace
        ],
    }


def _ended_promise(recourse: Facts | None, lang: str) -> Facts | None:
    """A date given before that ended on this night: how, and what made it void."""
    if recourse is None or recourse["ended_status"] is None:
        return None
    return {
        "promised_date": recourse["ended_promised_date"],
        "status": recourse["ended_status"],
        "voided_by": recourse["voided_by"],
        "void_reason": VOID_REASONS[recourse["void_reason"]][lang] if recourse["void_reason"] else None,
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
