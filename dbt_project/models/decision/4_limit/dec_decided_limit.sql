-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_maximised_limit with the limit as all operators
-- compose it, before a cut that has to wait for its notice.

with

limits as (

    select * from {{ ref('dec_maximised_limit') }}

),

caps as (

    select * from {{ ref('dec_regulatory_cap') }}

),

-- where nothing is shared and nothing reached, the first rule stands for all that concern the account
capped as (

    select
        limits.*,
        case when not (limits.is_held or limits.has_overlay) then coalesce(caps.rule_id, limits.first_rule_id) end
            as cap_rule_id,
        case when not (limits.is_held or limits.has_overlay) then coalesce(caps.cap_minor, limits.first_cap_minor) end
            as cap_minor,
        case when not (limits.is_held or limits.has_overlay) then coalesce(caps.room_minor, limits.least_bound_minor) end
            as cap_room_minor,
        coalesce(caps.capped_minor, limits.maximised_minor) as capped_minor,
        coalesce(caps.is_cap_reached, false) as is_cap_reached
    from limits
    left join caps on limits.decision_key = caps.decision_key

)

{%- set columns = [
    'decision_key', 'customer_decision_key', 'business_date', 'is_void', 'account_key', 'customer_key', 'policy_version', 'pack_number',
    'pack', 'is_assigned', 'product_code', 'legal_entity_code', 'slice_code', 'purpose_code', 'channel_code', 'is_open', 'is_drawable',
    'is_held', 'is_at_rest', 'limit_minor', 'core_limit_minor', 'highest_applied_minor', 'is_in_flight', 'is_external_change',
    'reference_limit_minor', 'granted_reference_limit_minor', 'principal_minor', 'carried_pending_minor', 'carried_pending_since_date',
    'carried_pending_effective_date', 'account_count', 'score', 'band', 'pd_bp', 'confirmed_milli', 'is_maintenance', 'floor_minor',
    'rounding_minor', 'lgd_bp', 'ccf_bp', 'target_minor', 'own_target_minor', 'is_overridden', 'is_restored', 'strategy_minor',
    'is_raise_barred', 'is_raise_forbidden', 'tier_bound_minor', 'min_draw_minor', 'income_multiple_bp', 'tiered_minor',
    'permitted_minor', 'is_budget_spent', 'budgeted_minor', 'restated_minor', 'customer_income_bound_minor', 'bounded_minor',
    'protection_code', 'protected_minor', 'trigger_code', 'trigger_bound_minor', 'is_draw_blocked', 'triggered_minor', 'floored_minor',
    'rounded_minor', 'balanced_minor', 'own_maximum_minor', 'requested_minor', 'customer_maximum_minor', 'maximised_minor', 'has_overlay',
    'is_overlaid', 'overlay_action', 'overlay_code', 'cap_rule_id', 'cap_minor', 'cap_room_minor', 'capped_minor'
] %}

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    -- a limit that stands at the cap is capped on every night, not only on the one that lowered it
    capped_minor < maximised_minor or (is_cap_reached and capped_minor < reference_limit_minor) as is_capped,
    -- on the night of a restore the limit is still exactly the one that was frozen
    case when has_overlay then limit_minor else capped_minor end as decided_minor
from capped
