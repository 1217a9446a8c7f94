-- Grain: one row a customer: the windows over account snapshots as the night before carried them over.

with

carried as (

    select * from {{ source('state', 'account_window') }}

)

select
    customer_key,
    balance_sum_30d,
    nights_30d,
    balance_sum_90d_before,
    nights_90d_before,
    maxed_low,
    maxed_high,
    revolving_low,
    revolving_high,
    balance_month_ago_minor,
    month_ago_date,
    last_balance_date
from carried
