-- Grain: one row an account of tonight's snapshot and policy pack: the whole decision, the row of dec_limit with its reasons, its notice
-- and the hash that replay compares.

{{ config(materialized='table') }}

with

limits as (

    select * from {{ ref('dec_limit') }}

),

notices as (

    select * from {{ ref('dec_notice') }}

),

reasons as (

    select
        decision_key,
        max(case when reason_rank = 1 then reason_code end) as reason_code_1,
        max(case when reason_rank = 2 then reason_code end) as reason_code_2,
        max(case when reason_rank = 3 then reason_code end) as reason_code_3,
        max(case when reason_rank = 4 then reason_code end) as reason_code_4
    from {{ ref('dec_reason') }}
    group by decision_key

),

decided as (

    select
        limits.*,
        limits.limit_minor as old_limit_minor,
        limits.drawable_minor >= coalesce(limits.min_draw_minor, 0) and limits.drawable_minor > 0 as is_usable,
        reasons.reason_code_1,
        reasons.reason_code_2,
        reasons.reason_code_3,
        reasons.reason_code_4,
        -- a cut that waits was announced on the night it began to
        coalesce(notices.is_notice_required, false)
        and (limits.action <> 'HOLD' or coalesce(limits.pending_since_date = limits.business_date, false))
            as is_notice_required,
        notices.notice_due_date as notice_due_date_tonight,
        case
            when limits.is_pending then limits.pending_effective_date
            when limits.is_pending_over and limits.action <> 'HOLD' then {{ add_days('limits.business_date', 1) }}
            when limits.action <> 'HOLD' then notices.effective_date
        end as effective_date
    from limits
    left join reasons on limits.decision_key = reasons.decision_key
    left join notices on limits.decision_key = notices.decision_key

)

select
    *,
    case when is_notice_required then notice_due_date_tonight end as notice_due_date,
    {{ sha256_hex(fields_text([
        'business_date', 'account_key', 'customer_key', 'policy_version', 'score', 'confirmed_milli', 'band',
        'reference_limit_minor', 'target_minor', 'old_limit_minor', 'recommended_minor', 'action', 'display_state',
        'drawable_minor', 'pending_minor', 'reason_code_1', 'reason_code_2', 'reason_code_3', 'reason_code_4',
        'effective_date'
    ])) }} as decision_sha256
from decided
