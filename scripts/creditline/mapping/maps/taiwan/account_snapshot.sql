-- Grain: one row an account on the night's business date.

with

account_months as (

    select * from account_month
    where business_date = getvariable('business_date')

)

select
    -------- who
    printf('TW%05d', card_no) as account_id,
    printf('TWC%05d', card_no) as customer_id,
    'credit_card' as product_code,
    'active' as status,
    getvariable('opened_date') as opened_date,
    getvariable('currency_code') as currency_code,

    -------- amounts; a negative balance is an overpayment and stays one
    limit_amount,
    balance as principal_balance,
    0.00 as accrued_interest_balance,
    case
        when months_past_due >= getvariable('months_to_arrears') then greatest(balance, 0.00)
        else 0.00
    end as arrears_balance,
    months_past_due * getvariable('days_per_month') as days_past_due,
    paid_amount,

    -------- terms; the file states no rate
    0.00 as rate_apr,
    getvariable('legal_entity_code') as legal_entity_code,
    'consumer' as purpose_code,
    'branch' as channel_code
from account_months
