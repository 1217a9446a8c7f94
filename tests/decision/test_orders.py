"""What became of two orders of one account on the night on which the core has answered the second alone."""

from __future__ import annotations

import duckdb
import pytest
from decision_harness import project_logic

NIGHT = """
    create table stg_night as select date '2026-11-02' as business_date, timestamp '2026-11-02 18:00:00' as cut_off_at;
    create table stg_feature_parameter as select 7 as late_answer_days;
    create table stg_released_order_state as select 1 as sequence, date '2026-10-31' as business_date, 'first' as adjustment_id,
        1 as account_key, 'DOWN' as action, 350000 as old_limit_minor, 300000 as new_limit_minor,
        timestamp '2026-11-04 18:00:00' as expires_at, 'IN_FLIGHT' as status, null::bigint as applied_limit_minor,
        null::timestamp as acked_at, null::varchar as ack_reason;
    create table stg_released_adjustment as select 2 as sequence, date '2026-11-01' as business_date, 'second' as adjustment_id,
        1 as account_key, 'DOWN' as action, ? as old_limit_minor, ? as new_limit_minor, timestamp '2026-11-05 18:00:00' as expires_at;
    create table stg_adjustment_ack as select 'second' as adjustment_id, 'applied' as status, null::bigint as applied_limit_minor,
        timestamp '2026-11-02 01:00:00' as acked_at, null::varchar as reason;
    create table stg_account_snapshot as select date '2026-11-02' as business_date, 1 as account_key, ? as limit_minor;
"""


@pytest.mark.parametrize(
    ("second", "core", "expected"),
    [
        ((325000, 300000), 300000, ("IN_FLIGHT", True)),
        ((300000, 200000), 200000, ("OBSERVED", True)),
        ((300000, 200000), 350000, ("OBSERVED", True)),
        ((310000, 200000), 200000, ("IN_FLIGHT", True)),
    ],
    ids=[
        "the limit of both is the second one's doing: the first was applied half-way, nobody has said so yet",
        "the second goes on from the first, which was applied, too",
        "so it is where the snapshot is older than the answer, from which both lead on",
        "the second does not go on from the first",
    ],
)
def test_what_became_of_the_first_order(second, core, expected):
    model = next(model for model in project_logic().models if model.name == "dec_order")
    with duckdb.connect() as connection:
        for statement, values in zip(NIGHT.split(";")[:-1], ((), (), (), second, (), (core,)), strict=True):
            connection.execute(statement, values)
        orders = (
            connection.execute(model.sql.replace('"warehouse"."main".', "") + " order by sequence")
            .to_arrow_table()
            .to_pylist()
        )
    assert (orders[0]["status"], orders[0]["counts_as_applied"]) == expected
    assert orders[1]["status"] == "APPLIED"
