-- Grain: one row an account and night whose limit the core changed by itself.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}
    where is_external_change

)

select
    business_date,
    account_key,
    customer_key,
    slice_code,
    {{ to_major('carried_limit_minor') }} as expected_limit_amount,
    {{ to_major('core_limit_minor') }} as core_limit_amount
from accounts
