"""`fct_adjustment_release`: what became of every adjustment that a night decided, as later nights know it."""

from __future__ import annotations

import duckdb

from creditline.home.database import one_row

NAME = "fct_adjustment_release"
_READ = ("fct_limit_adjustment", "fct_order_night", "fct_night")


def write_release_view(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the view, if the tables that it reads are there. They are not if code of an earlier release is restated.

    A night is published before its orders leave, so its own rows cannot say what left. The next valid night knows every order
    that left. An order that it does not know never leaves.
    """
    query = "select count(distinct table_name) from information_schema.tables where table_name in (?, ?, ?)"
    if one_row(connection.execute(query, list(_READ)))[0] < len(_READ):
        return
    connection.execute(
        f"create view {NAME} as"
        " with known as (select adjustment_id, min(sequence) as sequence, max_by(status, business_date) as order_status,"
        " max_by(applied_limit_amount, business_date) as applied_limit_amount from fct_order_night group by adjustment_id),"
        " newest as (select max(business_date) filter (not is_void) as business_date from fct_night)"
        " select adjustments.business_date, adjustments.adjustment_id, adjustments.account_key, adjustments.customer_key,"
        " adjustments.slice_code, adjustments.action, adjustments.old_limit_amount, adjustments.new_limit_amount,"
        " case when known.adjustment_id is not null then 'LEFT'"
        " when adjustments.business_date < newest.business_date then 'STAYED' else 'OPEN' end as release_status,"
        " known.sequence, known.order_status, known.applied_limit_amount"
        " from fct_limit_adjustment as adjustments cross join newest left join known"
        " on adjustments.adjustment_id = known.adjustment_id"
    )
