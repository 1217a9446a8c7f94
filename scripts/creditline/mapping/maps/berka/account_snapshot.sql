-- Grain: one row an account on the night's business date, from the day it was opened.
-- This bank granted no credit line: limit_amount is 0.00, so the decision holds the account and invents no line. The
-- balance is seen from the lender: a deposit is negative, an overdraft is what the customer owes, all of it past due
-- from its first night since no line allows it.

with

account_days as (

    select * from account_day
    where business_date = getvariable('business_date')

),

owners as (

    select * from extract.disp
    where type = 'OWNER'

)

select
    -------- who
    printf('BK%05d', account_days.account_id) as account_id,
    printf('BKC%05d', owners.client_id) as customer_id,
    'current_account' as product_code,
    'active' as status,
    account_days.opened_date,
    getvariable('currency_code') as currency_code,

    -------- amounts
    0.00 as limit_amount,
    -account_days.balance as principal_balance,
    0.00 as accrued_interest_balance,
    greatest(-account_days.balance, 0.00) as arrears_balance,
    account_days.business_date - account_days.last_in_credit_date as days_past_due,

    -------- terms; the data state no rate
    0.00 as rate_apr,
    getvariable('legal_entity_code') as legal_entity_code,
    'consumer' as purpose_code,
    'branch' as channel_code
from account_days
left join owners on account_days.account_id = owners.account_id
