"""R02 says what the night calls for, and which of it a person decided."""

from __future__ import annotations

import duckdb
import pytest

from creditline.warehouse.compiled import compile_project
from creditline.warehouse.logic import Model

# What each account's decision was traced through, by operator, and whether nobody but the machine decided.
TRACES = {
    "a cut of the score": (("strategy", "rounding"), True),
    "an override": (("override",), False),
    "an override, rounded": (("override", "floor", "rounding", "balance_rule"), False),
    "an override that waits for its notice": (("override", "pending"), False),
    "an overturned appeal": (("restored",), False),
    "a trigger beneath an override": (("override", "hard_trigger", "floor"), True),
    "a cap beneath an override": (("override", "regulatory_cap"), True),
    "no trace": ((), True),
}
STEPS = (
    *("strategy", "product_tier", "no_raise", "raise_budget", "restatement", "income", "protect", "hard_trigger"),
    *("floor", "rounding", "balance_rule", "own_maximum", "regulatory_cap", "overlay", "pending"),
)


@pytest.fixture(scope="module")
def register() -> Model:
    return next(model for model in compile_project().logic.models if model.name == "rpt_r02_adjustment_register")


def step(operator: str) -> int:
    return 1 + STEPS.index("strategy" if operator in ("override", "restored") else operator)


def test_a_decision_that_a_person_made_is_not_called_solely_automated(register):
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        connection.execute(
            f"create table fct_limit_adjustment as select i as account_key, 'A' || i as adjustment_id, date '2026-09-01' as"
            " business_date, 'v' as policy_version, 'DOWN' as action, 2 as old_limit_amount, 1 as new_limit_amount,"
            f" date '2026-09-02' as effective_date, 'd' as decision_sha256 from range({len(TRACES)}) as numbers(i)"
        )
        connection.execute(
            "create table fct_limit_decision as select account_key, 'E' as legal_entity_code, 600 as score, 'D' as band,"
            " true as is_notice_required, date '2026-09-09' as notice_due_date from fct_limit_adjustment"
        )
        connection.execute(
            "create table fct_decision_reason as select account_key, 1 as reason_rank, 'B1' as reason_code, 't' as text_zh,"
            " 'f' as feature, 1 as feature_value from fct_limit_adjustment"
        )
        connection.execute("create table fct_decision_trace (account_key bigint, step bigint, operator varchar)")
        for key, (operators, _) in enumerate(TRACES.values()):
            for operator in operators:
                connection.execute("insert into fct_decision_trace values (?, ?, ?)", [key, step(operator), operator])
        found = connection.execute(f"select is_solely_automated from ({register.sql}) order by account_key").fetchall()
    assert dict(zip(TRACES, (row[0] for row in found), strict=True)) == {
        name: expected for name, (_, expected) in TRACES.items()
    }
