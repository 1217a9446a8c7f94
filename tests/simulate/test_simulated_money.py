"""Balances, movements, instalments, flows and the general ledger tell one story, to the cent."""

from __future__ import annotations

import pytest
from simulated import FIRST

AMOUNT = "decimal(18, 2)"
SIGNED = (
    "sum(case when kind in ('draw', 'interest') then amount::decimal(18, 2)"
    " when kind in ('repayment', 'write_off') then -amount::decimal(18, 2) else 0 end)"
)


@pytest.fixture(scope="module")
def instalments(landed):
    """The latest known version of every instalment as of each night, bad rows apart."""
    landed.read.execute("""
        create or replace table known_instalment as
        select nights.night as as_of, instalment.* exclude (night), instalment.night as known_on
        from instalment, (select distinct night from account_snapshot) as nights
        where instalment.night <= nights.night and try_cast(due_date as date) is not null
        qualify row_number() over (partition by nights.night, instalment_id order by instalment.night desc) = 1
    """)
    landed.read.execute("""
        create or replace table owing as
        select as_of, account_id,
            sum(due_amount::decimal(18, 2) - coalesce(paid_amount, '0')::decimal(18, 2)) as late_amount,
            max(as_of - due_date::date) as late_days
        from known_instalment
        where paid_date is null and due_date::date < as_of
        group by all
    """)
    return landed


def test_principal_moves_by_movements_alone(landed):
    assert landed.one(f"""
        with balances as (
            select night, account_id, principal_balance::{AMOUNT} as now,
                lag(principal_balance::{AMOUNT}) over (partition by account_id order by night) as before
            from account_snapshot
        ),
        moved as (select night, account_id, {SIGNED} as moved from account_movement group by all)
        select count(*), count(*) filter (now <> before + coalesce(moved, 0)), count(*) filter (moved <> 0)
        from balances left join moved using (night, account_id) where before is not null
    """)[:2] == (8000, 0)


def test_history_leads_from_the_opening_balance_to_the_first_snapshot(landed):
    assert landed.one(f"""
        with moved as (
            select account_id, {SIGNED} as moved from account_movement where night = '{FIRST}' group by all
        )
        select count(*), count(*) filter (
            account_snapshot.principal_balance::{AMOUNT} <> opening.principal_balance + coalesce(moved, 0)
        )
        from account_snapshot join true_opening_balance as opening using (account_id) left join moved using (account_id)
        where night = '{FIRST}'
    """) == (2000, 0)


def test_movements_are_made_on_their_day(landed):
    assert (
        landed.one(f"select count(*) from account_movement where night > '{FIRST}' and movement_date::date <> night")[0]
        == 0
    )
    kinds = {kind for (kind,) in landed.all("select kind from account_movement")}
    assert kinds == {"draw", "repayment", "interest", "write_off", "recovery"}


def test_the_general_ledger_holds_the_sum_of_principal(landed):
    assert landed.one(f"""
        select count(*), count(*) filter (balance::{AMOUNT} <> total)
        from gl_balance join (
            select night, legal_entity_code, sum(principal_balance::{AMOUNT}) as total from account_snapshot group by all
        ) using (night, legal_entity_code)
        where ledger_code = 'loan_principal' and currency_code = 'CNY'
    """) == (15, 0)


def test_arrears_and_days_past_due_follow_from_unpaid_instalments(instalments):
    rows = instalments.all(f"""
        select arrears_balance::{AMOUNT}, coalesce(late_amount, 0), days_past_due::int, coalesce(late_days, 0)
        from account_snapshot left join owing on owing.as_of = night and owing.account_id = account_snapshot.account_id
        where status <> 'charged_off'
            and account_snapshot.account_id not in (select 'A' || key[2:9] from true_bad_row where source = 'instalment')
    """)
    assert len(rows) > 9_900
    assert [row for row in rows if row[0] != row[1] or row[2] != row[3]] == []
    assert sum(row[2] > 0 for row in rows) > 60


def test_a_charged_off_account_owes_nothing_any_more(landed):
    rows = landed.all(
        "select distinct principal_balance, accrued_interest_balance, arrears_balance, days_past_due, risk_class"
        " from account_snapshot where status = 'charged_off'"
    )
    assert rows == [("0.00", "0.00", "0.00", "0", "loss")]


def test_risk_classes_are_never_better_than_days_past_due_allow(landed):
    assert (
        landed.one("""
        select count(*) from account_snapshot where status <> 'charged_off' and risk_class <> case
            when days_past_due::int > 360 then 'loss' when days_past_due::int > 270 then 'doubtful'
            when days_past_due::int > 90 then 'substandard' when days_past_due::int > 0 then 'watch' else 'normal' end
    """)[0]
        == 0
    )


def test_instalments_are_paid_in_full_or_not_yet(landed):
    assert landed.one(f"""
        select count(*) filter (paid_date is not null and paid_amount::{AMOUNT} <> due_amount::{AMOUNT}),
            count(*) filter (paid_date is null and paid_amount::{AMOUNT} >= due_amount::{AMOUNT}),
            count(*) filter (paid_date is null and paid_amount is not null) > 0,
            count(*) filter (is_reversed = 'true') > 0
        from instalment
    """) == (0, 0, True, True)


def test_repayments_are_the_same_in_flows_and_movements(landed):
    assert landed.one(f"""
        with flows as (
            select customer_id, flow_date as day, amount::{AMOUNT} as flowed from cash_flow
            where kind = 'repay_own' and amount <> '100.105' and try_cast(flow_date as date) is not null
            qualify count(*) over (partition by customer_id, flow_date) = 1
        ),
        repaid as (
            select customer_id, movement_date as day, sum(amount::{AMOUNT}) as repaid
            from account_movement join (select distinct account_id, customer_id from account_snapshot) using (account_id)
            where kind = 'repayment' group by all
        )
        select count(*) > 5000, count(*) filter (flowed <> repaid or repaid is null)
        from flows left join repaid using (customer_id, day)
    """) == (True, 0)


def test_limits_are_whole_hundreds_within_the_range_and_move_now_and_then(landed):
    assert landed.one("""
        select count(*) filter (limit_amount::decimal(18, 2) % 100 <> 0), min(limit_amount::decimal(18, 2)) >= 500,
            max(limit_amount::decimal(18, 2)) <= 200000
        from account_snapshot
    """) == (0, True, True)
    moved = landed.one(
        "select count(*) from (select account_id from account_snapshot group by 1 having count(distinct limit_amount) > 1)"
    )[0]
    assert 0 < moved < 100


def test_accrued_interest_is_never_negative_and_only_on_what_is_owed(landed):
    assert landed.one(f"""
        select count(*) filter (accrued_interest_balance::{AMOUNT} < 0),
            count(*) filter (accrued_interest_balance::{AMOUNT} > 0 and principal_balance::{AMOUNT} = 0),
            count(*) filter (accrued_interest_balance::{AMOUNT} > 0) > 4000
        from account_snapshot where accrued_interest_balance <> '100.105'
    """) == (0, 0, True)


def test_a_joint_loan_names_its_partner_and_share(landed):
    assert landed.one("""
        select count(*) filter ((channel_code = 'joint') <> (partner_id is not null and own_share_bp is not null)),
            min(own_share_bp::int) >= 3000, max(own_share_bp::int) <= 10000, count(partner_id) > 500
        from account_snapshot
    """) == (0, True, True, True)


def test_few_are_past_due(landed):
    share = landed.one("select avg((days_past_due::int > 0)::int) from account_snapshot where status <> 'charged_off'")[
        0
    ]
    assert 0.01 < share < 0.05
