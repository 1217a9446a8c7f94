-- Grain of account_month: one row an account and month end.
-- The file has one row an account with six months side by side, the newest first; its PAY_1 is called PAY_0.

create table account_month as

with

cards as (

    select * from extract.card

),

months as (

    select
        cast(id as integer) as card_no,
        -- the file spells round amounts like 5e+05, which a cast reads exactly and the converters refuse
        cast(limit_bal as decimal(18, 2)) as limit_amount,
        unnest(
            [
                {business_date: date '2005-04-30', status: pay_6, balance: bill_amt6, paid: pay_amt6},
                {business_date: date '2005-05-31', status: pay_5, balance: bill_amt5, paid: pay_amt5},
                {business_date: date '2005-06-30', status: pay_4, balance: bill_amt4, paid: pay_amt4},
                {business_date: date '2005-07-31', status: pay_3, balance: bill_amt3, paid: pay_amt3},
                {business_date: date '2005-08-31', status: pay_2, balance: bill_amt2, paid: pay_amt2},
                {business_date: date '2005-09-30', status: pay_0, balance: bill_amt1, paid: pay_amt1}
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
    cast(paid as decimal(18, 2)) as paid_amount
from months
