-- Grain of account_month: one row an account and month end.
-- The file has one row an account with six months side by side, the newest first; its PAY_1 is called PAY_0.

create table account_month as

with

cards as (

    select * from extract.card

),

months as (

    select
        cast("ID" as integer) as card_no,
        cast("LIMIT_BAL" as decimal(18, 2)) as limit_amount,
        unnest(
            [
                {business_date: date '2005-04-30', status: "PAY_6", balance: "BILL_AMT6", paid: "PAY_AMT6"},
                {business_date: date '2005-05-31', status: "PAY_5", balance: "BILL_AMT5", paid: "PAY_AMT5"},
                {business_date: date '2005-06-30', status: "PAY_4", balance: "BILL_AMT4", paid: "PAY_AMT4"},
                {business_date: date '2005-07-31', status: "PAY_3", balance: "BILL_AMT3", paid: "PAY_AMT3"},
                {business_date: date '2005-08-31', status: "PAY_2", balance: "BILL_AMT2", paid: "PAY_AMT2"},
                {business_date: date '2005-09-30', status: "PAY_0", balance: "BILL_AMT1", paid: "PAY_AMT1"},
            ],
            recursive := true
        )
    from cards

)

select
    business_date,
    card_no,
    limit_amount,
    -- -2 no consumption, -1 paid duly, 0 minimum paid: none of them is past due
    case
        when cast(status as integer) between -2 and 9 then greatest(cast(status as integer), 0)
        else error('ID ' || card_no || ' has repayment status ' || status || ', known are -2 to 9')
    end as months_past_due,
    cast(balance as decimal(18, 2)) as balance,
    cast(paid as decimal(18, 2)) as paid_amount,
from months
