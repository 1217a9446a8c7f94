-- Grain: one row an order that the night calls for.

with

adjustments as (

    select * from {{ ref('dec_adjustment') }}

)

select
    adjustments.adjustment_id,
    adjustments.business_date,
    adjustments.account_key,
    adjustments.customer_key,
    adjustments.slice_code,
    adjustments.policy_version,
    adjustments.action,
    {{ to_major('adjustments.old_limit_minor') }} as old_limit_amount,
    {{ to_major('adjustments.new_limit_minor') }} as new_limit_amount,
    adjustments.effective_date,
    adjustments.expires_at,
    adjustments.display_state,
    adjustments.reason_codes,
    adjustments.decision_sha256
from adjustments
