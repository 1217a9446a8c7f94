-- Grain: one row a freeze or restore that the night calls for.

with

orders as (

    select * from {{ ref('dec_security_order') }}

)

select
    adjustment_id,
    business_date,
    account_key,
    customer_key,
    slice_code,
    policy_version,
    action,
    {{ to_major('old_limit_minor') }} as old_limit_amount,
    {{ to_major('new_limit_minor') }} as new_limit_amount,
    effective_date,
    expires_at,
    display_state,
    reason_codes,
    decision_sha256
from orders
