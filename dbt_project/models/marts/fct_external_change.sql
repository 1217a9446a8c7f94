-- Grain: one row an account and night whose limit the core changed by itself.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

core_limits as (

    select * from {{ ref('dec_core_limit') }}
    where is_external_change

)

select
    accounts.business_date,
    accounts.account_key,
    accounts.customer_key,
    accounts.slice_code,
    {{ to_major('core_limits.expected_limit_minor') }} as expected_limit_amount,
    {{ to_major('core_limits.core_limit_minor') }} as core_limit_amount
from accounts
inner join core_limits on accounts.account_key = core_limits.account_key
