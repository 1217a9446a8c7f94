-- Grain: one row an account and night.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

)

select
    decisions.business_date,
    decisions.account_key,
    decisions.customer_key,
    decisions.product_code,
    decisions.legal_entity_code,
    decisions.purpose_code,
    decisions.channel_code,
    decisions.slice_code,
    decisions.policy_version,
    decisions.is_void,
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
    {{ to_major('decisions.drawable_minor') }} as drawable_amount,
    decisions.is_usable,
    {{ to_major('decisions.max_grantable_minor') }} as max_grantable_amount,
    decisions.is_pending,
    {{ to_major('decisions.pending_minor') }} as pending_limit_amount,
    decisions.reason_code_1,
    decisions.reason_code_2,
    decisions.reason_code_3,
    decisions.reason_code_4,
    decisions.is_notice_required,
    decisions.notice_due_date,
    decisions.effective_date,
    decisions.decision_sha256
from decisions
