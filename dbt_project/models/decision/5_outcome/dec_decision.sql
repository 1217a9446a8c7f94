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
        -- a cut that waits is announced on the night on which its wait begins
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

{%- set columns = [
    'decision_key', 'customer_decision_key', 'business_date', 'is_void', 'account_key', 'customer_key', 'policy_version', 'pack_number',
    'pack', 'is_assigned', 'product_code', 'legal_entity_code', 'slice_code', 'purpose_code', 'channel_code', 'is_open', 'keeps_limit',
    'is_at_rest', 'limit_minor', 'old_limit_minor', 'core_limit_minor', 'highest_applied_minor', 'is_in_flight', 'is_external_change',
    'reference_limit_minor', 'granted_reference_limit_minor', 'score', 'band', 'pd_bp', 'confirmed_milli', 'expected_loss_minor',
    'target_minor', 'tonight_target_minor', 'is_overridden', 'is_restored', 'strategy_minor', 'is_raise_barred', 'is_raise_forbidden',
    'tier_bound_minor', 'min_draw_minor', 'income_multiple_bp', 'tiered_minor', 'permitted_minor', 'is_budget_spent', 'budgeted_minor',
    'restated_minor', 'customer_income_bound_minor', 'bounded_minor', 'protection_code', 'protected_minor', 'trigger_code',
    'trigger_bound_minor', 'is_draw_blocked', 'triggered_minor', 'floored_minor', 'rounded_minor', 'balanced_minor',
    'own_maximum_minor', 'requested_minor', 'customer_maximum_minor', 'maximised_minor', 'is_overlaid', 'overlay_action',
    'overlay_code', 'cap_rule_id', 'cap_minor', 'cap_room_minor', 'capped_minor', 'is_capped', 'decided_minor', 'is_pending',
    'pending_minor', 'pending_since_date', 'pending_effective_date', 'recommended_minor', 'action', 'display_state',
    'drawable_minor', 'max_grantable_minor', 'is_usable', 'reason_code_1', 'reason_code_2', 'reason_code_3', 'reason_code_4',
    'is_notice_required', 'effective_date'
] %}

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    case when is_notice_required then notice_due_date_tonight end as notice_due_date,
    {{ sha256_hex(fields_text([
        'business_date', 'account_key', 'customer_key', 'policy_version', 'score', 'confirmed_milli', 'band',
        'reference_limit_minor', 'target_minor', 'old_limit_minor', 'recommended_minor', 'action', 'display_state',
        'drawable_minor', 'pending_minor', 'reason_code_1', 'reason_code_2', 'reason_code_3', 'reason_code_4',
        'effective_date'
    ])) }} as decision_sha256
from decided
