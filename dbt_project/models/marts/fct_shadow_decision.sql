-- Grain: one row an account, night and policy pack that decided beside the assigned one; never released.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where not is_assigned

)

select
    decisions.business_date,
    decisions.account_key,
    decisions.policy_version,
    decisions.customer_key,
    decisions.slice_code,
    decisions.score,
    decisions.confirmed_milli as confirmed_score_milli,
    decisions.band,
    decisions.pd_bp,
    {{ to_major('decisions.expected_loss_minor') }} as expected_loss_amount,
    {{ to_major('decisions.reference_limit_minor') }} as reference_limit_amount,
    {{ to_major('decisions.target_minor') }} as target_limit_amount,
    {{ to_major('decisions.old_limit_minor') }} as old_limit_amount,
    {{ to_major('decisions.recommended_minor') }} as recommended_limit_amount,
    decisions.action,
    decisions.display_state,
    decisions.reason_code_1,
    decisions.reason_code_2,
    decisions.reason_code_3,
    decisions.reason_code_4,
    decisions.decision_sha256
from decisions
