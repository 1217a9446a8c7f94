-- Grain: one row an adjustment that the night calls for and reason. Whether the adjustment left is decided after the
-- night is published.

with

adjustments as (

    select * from {{ ref('fct_limit_adjustment') }}

),

decisions as (

    select * from {{ ref('fct_limit_decision') }}

),

reasons as (

    select * from {{ ref('fct_decision_reason') }}

),

-- the step at which a person set the limit, and the last step that decided it (floor, rounding and such do not decide)
steps as (

    select
        account_key,
        max(case when operator in ('override', 'restored') then step end) as personal_step,
        max(case when operator not in ('floor', 'rounding', 'balance_rule', 'pending') then step end) as deciding_step
    from {{ ref('fct_decision_trace') }}
    group by account_key

)

select
    adjustments.business_date as as_of_date,
    'R02' as report_id,
    decisions.legal_entity_code as legal_entity,
    cast(0 as bigint) as restatement_no,
    adjustments.policy_version,
    adjustments.adjustment_id,
    adjustments.account_key,
    adjustments.action,
    adjustments.old_limit_amount,
    adjustments.new_limit_amount,
    adjustments.effective_date,
    decisions.score,
    decisions.band,
    reasons.reason_rank,
    reasons.reason_code,
    reasons.text_zh as reason_text_local,
    reasons.feature as evidence_feature,
    reasons.feature_value as evidence_value,
    coalesce(steps.personal_step < steps.deciding_step, true) as is_solely_automated,
    decisions.is_notice_required,
    decisions.notice_due_date,
    adjustments.decision_sha256
from adjustments
inner join decisions on adjustments.account_key = decisions.account_key
left join reasons on adjustments.account_key = reasons.account_key
left join steps on adjustments.account_key = steps.account_key
