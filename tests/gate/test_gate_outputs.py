"""The gate before publication: a mart that breaks a claim is named, and nothing goes on."""

from __future__ import annotations

import json

import duckdb
import pytest
from small_delivery import NIGHT

from creditline.gate.outputs import OutputsRefused, gate_outputs, judge_marts

_MARTS = {
    "fct_account_night": """
        select i as account_key, i as customer_key, 'normal' as risk_class, 100.00::decimal(18, 2) as limit_amount,
            0.00::decimal(18, 2) as principal_balance from range(1, 6) as numbers(i)""",
    "fct_limit_decision": """
        select i as account_key, i as customer_key, 'pack' as policy_version, 'sha' as decision_sha256,
            case when i = 1 then 'DOWN' else 'HOLD' end as action, 'NORMAL' as display_state, 600 as score,
            100.00::decimal(18, 2) as recommended_limit_amount, 90.00::decimal(18, 2) as drawable_amount,
            120.00::decimal(18, 2) as max_grantable_amount,
            case when i = 1 then 'R01' end as reason_code_1 from range(1, 6) as numbers(i)""",
}


@pytest.fixture
def marts(home):
    """The scratch warehouse of a night whose marts hold; gives a function that runs one statement on it."""
    home.warehouse.mkdir(parents=True, exist_ok=True)

    def run(*statements: str) -> None:
        with duckdb.connect(str(home.warehouse_file)) as connection:
            for statement in statements:
                connection.execute(statement)

    run(*(f"create table {name} as {rows}" for name, rows in _MARTS.items()))
    return run


def judge(home):
    return judge_marts(home, NIGHT, home.warehouse_file, home.warehouse / "evidence" / str(NIGHT))


def test_marts_that_no_build_left_are_not_judged(home, marts):
    with pytest.raises(OutputsRefused, match=f"night {NIGHT} is not built"):
        gate_outputs(home, NIGHT)


def test_good_marts_pass_and_leave_evidence(home, marts):
    verdict = judge(home)
    assert {result.table for result in verdict.judged} == {"fct_account_night", "fct_limit_decision"}
    evidence = home.warehouse / "evidence" / str(NIGHT)
    kept = json.loads((evidence / "gate_outputs.json").read_text())
    assert len(kept) == len(verdict.judged)
    assert all(entry["success"] for entry in kept)
    assert (evidence / "data_docs" / "outputs" / "index.html").is_file()


def test_the_evidence_is_the_same_bytes_every_time(home, marts):
    judge(home)
    path = home.warehouse / "evidence" / str(NIGHT) / "gate_outputs.json"
    first = path.read_bytes()
    judge(home)
    assert path.read_bytes() == first


BROKEN = [
    ("insert into fct_limit_decision select * from fct_limit_decision limit 1", "fct_limit_decision", "one_decision_an_account"),
    ("update fct_limit_decision set action = 'MOVE' where account_key = 2", "fct_limit_decision", "known_action"),
    ("update fct_limit_decision set action = null where account_key = 2", "fct_limit_decision", "action_known"),
    ("update fct_limit_decision set reason_code_1 = null where account_key = 1", "fct_limit_decision", "every_cut_has_a_reason"),
    ("update fct_limit_decision set recommended_limit_amount = -0.01 where account_key = 3", "fct_limit_decision", "limit_not_negative"),
    ("update fct_limit_decision set recommended_limit_amount = 120.01 where account_key = 3", "fct_limit_decision", "grantable_covers_limit"),
    ("update fct_limit_decision set decision_sha256 = null where account_key = 3", "fct_limit_decision", "hashed"),
    ("update fct_account_night set risk_class = 'fine' where account_key = 3", "fct_account_night", "known_risk_class"),
    ("delete from fct_account_night", "fct_account_night", "not_empty"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "mart", "rule"), BROKEN, ids=[case[2] for case in BROKEN])
def test_a_broken_mart_is_refused_by_its_rule(home, marts, statement, mart, rule):
    marts(statement)
    with pytest.raises(
        OutputsRefused, match=rf"night {NIGHT}: {mart}: {rule} does not hold .* nothing is published, see "
    ):
        judge(home)
    kept = json.loads((home.warehouse / "evidence" / str(NIGHT) / "gate_outputs.json").read_text())
    assert [entry["rule"] for entry in kept if not entry["success"]] == [rule]
