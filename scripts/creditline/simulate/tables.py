"""The book as the contract's tables: arrays of indices and fen become relations of ids, dates and decimals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from creditline.landing.contract import contract
from creditline.simulate import activity
from creditline.simulate.activity import Rows
from creditline.simulate.calendar import month_of, monthly
from creditline.simulate.core import Answer
from creditline.simulate.loans import MOVEMENT_KINDS
from creditline.simulate.population import CHANNELS, CONSENTS, ENTITIES, PARTNERS, PRODUCTS, PURPOSES
from creditline.simulate.world import CHARGED_OFF, STATUSES, World

RELATED_PRODUCTS = ("huabei", "yuebao")
RISK_CLASSES = ("normal", "watch", "substandard", "doubtful", "loss")
_RISK_CLASS_FROM_DAYS = (1, 91, 271, 361)  # days past due at which the next worse class begins
_INCOME_REFRESH_DAYS = 300
_LINE_DAYS = 365


@dataclass(frozen=True)
class SourceTable:
    """The rows of one source for one delivery, in key order: arrays, and the SQL expression of each contract column."""

    source: str
    arrays: dict[str, pa.Array | np.ndarray]
    columns: dict[str, str]

    @property
    def rows(self) -> int:
        return len(next(iter(self.arrays.values())))

    def register(self, connection: duckdb.DuckDBPyConnection, doubled: list[int] | None = None) -> str:
        """The name of a view with the contract's columns, `row_no` (the row's place in the arrays) and `copy`.

        Args:
            doubled: rows that come twice; the second follows the first directly and has `copy` 1 instead of 0.
        """
        table = pa.table({**self.arrays, "row_no": np.arange(self.rows), "copy": np.zeros(self.rows, np.int8)})
        for row in sorted(doubled or (), reverse=True):
            again = table.slice(row, 1).set_column(table.num_columns - 1, "copy", pa.array([1], pa.int8()))
            table = pa.concat_tables([table.slice(0, row + 1), again, table.slice(row + 1)])
        connection.register(f"simulated_{self.source}", table)
        columns = ", ".join(f"{sql} as {name}" for name, sql in self.columns.items())
        view = f"delivered_{self.source}"
        connection.execute(
            f"create or replace temp view {view} as select {columns}, row_no, copy from simulated_{self.source}"
        )
        return view


def _in_order(rows: Rows, *keys: np.ndarray) -> Rows:
    """The rows sorted by whole numbers, which have the same order as the ids made from them."""
    order = np.lexsort(keys[::-1])
    return {name: column[order] for name, column in rows.items()}


def account_id(column: str) -> str:
    """SQL of the core's account id for a row number."""
    return f"'A' || lpad(cast({column} + 1 as varchar), 8, '0')"


def account_number(account: int) -> str:
    """The core's account id for one row number."""
    return f"A{account + 1:08d}"


def customer_id(column: str) -> str:
    """SQL of the core's customer id for a row number."""
    return f"'C' || lpad(cast({column} + 1 as varchar), 8, '0')"


def day(column: str) -> str:
    """SQL of the date for a day number."""
    return f"date '1970-01-01' + cast({column} as integer)"


def _event_id(letter: str) -> str:
    return f"'{letter}' || lpad(cast(event as varchar), 14, '0')"


def _money(column: str) -> str:
    return f"cast(cast({column} as decimal(17, 0)) * 0.01 as decimal(18, 2))"


_AT = 'make_timestamp("at" * 1000000)'


def _or_null(spelling: Callable[[str], str], column: str) -> str:
    """The same SQL, but null if the number is -1, which means no value."""
    return f"case when {column} >= 0 then {spelling(column)} end"


def _codes(numbers: np.ndarray, names: tuple[str, ...]) -> pa.Array:
    """The names for indices; a negative index gives null."""
    absent = np.asarray(numbers) < 0
    indices = pa.array(np.where(absent, 0, numbers).astype(np.int32), mask=absent)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names)).cast(pa.string())


def night_tables(
    world: World, gathered: dict[str, Rows], answers: list[Answer] | None, *, is_first: bool
) -> list[SourceTable]:
    """All sources of tonight's delivery, in the contract's order.

    Args:
        gathered: for each event source, the rows since the delivery before.
        answers: the core's answers to our orders; None if the core gets no orders.
        is_first: whether this is the first delivery, which also brings every existing instalment.
    """
    tables = [
        _account_snapshot(world),
        _loan_application(gathered["loan_application"]),
        _instalment(world, is_first),
        _cash_flow(gathered["cash_flow"]),
        _session(gathered["session"]),
        _bureau_score(gathered["bureau_score"]),
        _related_product(world),
        _profile_change(gathered["profile_change"]),
        _case_event(gathered["case_event"]),
        _account_movement(gathered["account_movement"]),
        _gl_balance(world),
        *([] if answers is None else [_adjustment_ack(answers)]),
    ]
    order = list(contract())
    return sorted(tables, key=lambda table: order.index(table.source))


def _account_snapshot(world: World) -> SourceTable:
    people, loans, today = world.population, world.loans, world.day
    owner = people.customer
    paused = world.living_through("hardship")[owner]
    joint = people.joint
    month_end = monthly(month_of(today), 1, 1) - 1
    arrays = {
        "account": np.arange(people.accounts),
        "customer": owner,
        "product": _codes(people.product, PRODUCTS),
        "status": _codes(world.status, STATUSES),
        "opened": people.opened,
        "limit_fen": world.limit,
        "principal": loans.principal,
        "accrued": loans.accrued(today),
        "arrears": world.arrears,
        "late": world.days_past_due,
        "apr": people.apr_ppm,
        "entity": _codes(people.entity, ENTITIES),
        "purpose": _codes(people.business.astype(np.int8), PURPOSES),
        "channel": _codes(joint.astype(np.int8), CHANNELS),
        "minimum_due": loans.due_within(int(month_end)),
        "paid": world.month_paid,
        "partner": _codes(np.where(joint, people.partner, -1), PARTNERS),
        "own_share": np.where(joint, people.own_share_bp, -1),
        "income": people.income[owner],
        "income_as_of": today - (today - people.opened) % _INCOME_REFRESH_DAYS,
        "consent": _codes(people.consent, CONSENTS),
        "line_end": people.opened + ((today - people.opened) // _LINE_DAYS + 1) * _LINE_DAYS,
        "forborne": np.where(paused, world.cause_start[owner], -1),
        "class": _codes(_risk_class(world), RISK_CLASSES),
    }
    columns = {
        "account_id": account_id("account"),
        "customer_id": customer_id("customer"),
        "product_code": "product",
        "status": "status",
        "opened_date": day("opened"),
        "currency_code": "'CNY'",
        "limit_amount": _money("limit_fen"),
        "principal_balance": _money("principal"),
        "accrued_interest_balance": _money("accrued"),
        "arrears_balance": _money("arrears"),
        "days_past_due": "late",
        "rate_apr": "cast(cast(apr as decimal(9, 0)) * 0.000001 as decimal(9, 6))",
        "legal_entity_code": "entity",
        "purpose_code": "purpose",
        "channel_code": "channel",
        "minimum_due_amount": _money("minimum_due"),
        "paid_amount": _money("paid"),
        "partner_id": "partner",
        "own_share_bp": "case when own_share >= 0 then own_share end",
        "income_monthly_amount": _money("income"),
        "income_as_of_date": day("income_as_of"),
        "raise_consent_code": "consent",
        "line_end_date": day("line_end"),
        "forbearance_date": _or_null(day, "forborne"),
        "risk_class": "class",
    }
    return SourceTable("account_snapshot", arrays, columns)


def _risk_class(world: World) -> np.ndarray:
    by_days = np.searchsorted(_RISK_CLASS_FROM_DAYS, world.days_past_due, side="right")
    return np.where(world.status == CHARGED_OFF, RISK_CLASSES.index("loss"), by_days)


def _loan_application(rows: Rows) -> SourceTable:
    rows = _in_order(rows, rows["event"])
    lenders = tuple(f"LENDER{number:02d}" for number in range(1, activity.LENDERS + 1))
    arrays = {
        **rows,
        "lender": _codes(rows["lender"], lenders),
        "outcome": _codes(rows["outcome"], activity.OUTCOMES),
    }
    columns = {
        "event_id": _event_id("L"),
        "customer_id": customer_id("customer"),
        "applied_at": _AT,
        "amount": _money("amount"),
        "lender_id": "lender",
        "outcome": "outcome",
    }
    return SourceTable("loan_application", arrays, columns)


def _instalment(world: World, is_first: bool) -> SourceTable:
    loans = world.loans
    news = np.arange(len(loans.account)) if is_first else np.flatnonzero(loans.changed == world.day)
    names = ("account", "loan", "number", "due", "paid", "paid_day", "is_reversed")
    arrays = {name: getattr(loans, name)[news] for name in names}
    arrays["owed"] = loans.part[news] + loans.interest[news]
    arrays = _in_order(arrays, arrays["account"], arrays["loan"], arrays["number"])
    columns = {
        "instalment_id": (
            "'I' || lpad(cast(account + 1 as varchar), 8, '0') || lpad(cast(loan as varchar), 4, '0')"
            " || lpad(cast(number as varchar), 2, '0')"
        ),
        "account_id": account_id("account"),
        "instalment_no": "number",
        "due_date": day("due"),
        "due_amount": _money("owed"),
        "paid_date": _or_null(day, "paid_day"),
        "paid_amount": f"case when paid > 0 then {_money('paid')} end",
        "is_reversed": "is_reversed",
    }
    return SourceTable("instalment", arrays, columns)


def _cash_flow(rows: Rows) -> SourceTable:
    rows = _in_order(rows, rows["customer"], rows["day"], rows["flow"])
    directions, kinds = zip(*activity.FLOWS, strict=True)
    arrays = {
        "customer": rows["customer"],
        "day": rows["day"],
        "direction": _codes(rows["flow"], directions),
        "kind": _codes(rows["flow"], kinds),
        "amount": rows["amount"],
        "count": rows["count"],
    }
    columns = {
        "customer_id": customer_id("customer"),
        "flow_date": day("day"),
        "direction": "direction",
        "kind": "kind",
        "amount": _money("amount"),
        "event_count": "count",
    }
    return SourceTable("cash_flow", arrays, columns)


def _session(rows: Rows) -> SourceTable:
    columns = {
        "event_id": _event_id("S"),
        "customer_id": customer_id("customer"),
        "occurred_at": _AT,
        "device_id": "'D' || upper(lpad(to_hex(device), 16, '0'))",
        "ip_region": "'R' || lpad(cast(region as varchar), 4, '0')",
        "is_proxy": "is_proxy",
        "succeeded": "succeeded",
    }
    return SourceTable("session", _in_order(rows, rows["event"]), columns)


def _bureau_score(rows: Rows) -> SourceTable:
    columns = {
        "customer_id": customer_id("customer"),
        "observed_date": day("day"),
        "score": "score",
        "external_debt_amount": _money("debt"),
        "has_new_default": "has_new_default",
    }
    return SourceTable("bureau_score", _in_order(rows, rows["customer"], rows["day"]), columns)


def _related_product(world: World) -> SourceTable:
    rows = activity.related_products(world)
    rows = _in_order(rows, rows["customer"], rows["product"])
    arrays = {**rows, "product": _codes(rows["product"], RELATED_PRODUCTS)}
    columns = {
        "customer_id": customer_id("customer"),
        "product_code": "product",
        "as_of_date": day(str(world.day)),
        "balance": _money("balance"),
        "days_past_due": "days_past_due",
    }
    return SourceTable("related_product", arrays, columns)


def _profile_change(rows: Rows) -> SourceTable:
    rows = _in_order(rows, rows["event"])
    arrays = {**rows, "field": _codes(rows["field"], activity.FIELDS)}
    columns = {
        "event_id": _event_id("P"),
        "customer_id": customer_id("customer"),
        "changed_at": _AT,
        "field": "field",
    }
    return SourceTable("profile_change", arrays, columns)


def _case_event(rows: Rows) -> SourceTable:
    rows = _in_order(rows, rows["event"])
    arrays = {
        **rows,
        "kind": _codes(rows["kind"], activity.CASE_KINDS),
        "actor": _codes(rows["actor"], activity.ACTORS),
        "approver": _codes(rows["approver"], activity.ACTORS),
        "ground": _codes(rows["ground"], activity.GROUNDS),
        "outcome": _codes(rows["outcome"], activity.CASE_OUTCOMES),
    }
    columns = {
        "event_id": _event_id("K"),
        "kind": "kind",
        "account_id": _or_null(account_id, "account"),
        "customer_id": _or_null(customer_id, "customer"),
        "occurred_at": _AT,
        "amount": _or_null(_money, "amount"),
        "from_date": _or_null(day, '"from"'),
        "to_date": _or_null(day, '"to"'),
        "actor": "actor",
        "approver": "approver",
        "ground": "ground",
        "outcome": "outcome",
    }
    return SourceTable("case_event", arrays, columns)


def _adjustment_ack(answers: list[Answer]) -> SourceTable:
    answers = sorted(answers, key=lambda answer: answer.adjustment_id)
    arrays = {
        "adjustment_id": pa.array([answer.adjustment_id for answer in answers], pa.string()),
        "status": pa.array([answer.status for answer in answers], pa.string()),
        "applied": np.array([-1 if answer.applied is None else answer.applied for answer in answers], np.int64),
        "at": np.array([answer.at for answer in answers], np.int64),
        "reason": pa.array([answer.reason for answer in answers], pa.string()),
    }
    columns = {
        "adjustment_id": "adjustment_id",
        "status": "status",
        "applied_limit_amount": _or_null(_money, "applied"),
        "acked_at": _AT,
        "reason": "reason",
    }
    return SourceTable("adjustment_ack", arrays, columns)


def _account_movement(rows: Rows) -> SourceTable:
    rows = _in_order(rows, rows["account"], rows["day"], rows["kind"])
    arrays = {**rows, "kind": _codes(rows["kind"], MOVEMENT_KINDS), "kind_no": rows["kind"]}
    columns = {
        "movement_id": (
            "'M' || lpad(cast(account + 1 as varchar), 8, '0') || lpad(cast(day as varchar), 6, '0')"
            " || cast(kind_no as varchar)"
        ),
        "account_id": account_id("account"),
        "movement_date": day("day"),
        "kind": "kind",
        "amount": _money("amount"),
    }
    return SourceTable("account_movement", arrays, columns)


def _gl_balance(world: World) -> SourceTable:
    total = np.zeros(len(ENTITIES), np.int64)
    np.add.at(total, world.population.entity, world.loans.principal)
    arrays = {"entity": pa.array(ENTITIES), "total": total}
    columns = {
        "ledger_code": "'loan_principal'",
        "legal_entity_code": "entity",
        "currency_code": "'CNY'",
        "balance": _money("total"),
    }
    return SourceTable("gl_balance", arrays, columns)
