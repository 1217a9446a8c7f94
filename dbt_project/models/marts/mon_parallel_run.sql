-- Grain: one row an account and night on which we would have moved a limit, or the core moved it, without an order of ours.

with

compared as (

    select * from {{ ref('dec_parallel_run') }}

)

select
    business_date,
    account_key,
    customer_key,
    slice_code,
    decided_date,
    agreement,
    {{ to_major('limit_before_minor') }} as limit_before_amount,
    {{ to_major('our_limit_minor') }} as our_limit_amount,
    {{ to_major('core_limit_minor') }} as core_limit_amount,
    {{ to_major('principal_minor') }} as principal_balance,
    days_past_due,
    is_first
from compared
