-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_income_bound with the value after
-- each operator before the customer's own maximum and the caps. The order is: min(hard trigger, protect(min(strategy,
-- bounds))), then floor, rounding, balance rule and the account's own maximum.

{{ config(materialized='table') }}

with

bounds as (

    select * from {{ ref('dec_income_bound') }}

),

triggers as (

    select * from {{ ref('dec_trigger_bound') }}

),

protected as (

    select
        bounds.*,
        triggers.bound_minor as trigger_bound_minor,
        triggers.trigger_code,
        coalesce(triggers.is_floored, false) as is_floored_by_trigger,
        coalesce(triggers.is_draw_blocked, false) as is_draw_blocked,
        case
            when bounds.protection_code is not null then greatest(bounds.bounded_minor, bounds.limit_minor)
            else bounds.bounded_minor
        end as protected_minor
    from bounds
    left join triggers on bounds.decision_key = triggers.decision_key

),

triggered as (

    select
        *,
        case when keeps_limit then limit_minor else least(protected_minor, coalesce(trigger_bound_minor, protected_minor)) end
            as triggered_minor
    from protected

),

floored as (

    select
        *,
        -- the floor stops a cut and never raises a limit
        case when keeps_limit then limit_minor else greatest(triggered_minor, least(floor_minor, limit_minor)) end
            as floored_minor
    from triggered

),

rounded as (

    select
        *,
        case
            when floored_minor = limit_minor then limit_minor
            -- a limit that stood before is given back exactly, without rounding
            when floored_minor = restated_limit_minor then floored_minor
            -- rounding never turns a raise into a cut
            when floored_minor > limit_minor
                then greatest(limit_minor, {{ round_down('floored_minor', 'rounding_minor') }})
            else {{ round_down('floored_minor', 'rounding_minor') }}
        end as rounded_minor,
        -- the balance, rounded up, is the lowest limit that does not call for repayment
        least(limit_minor, -{{ round_down('-principal_minor', 'rounding_minor') }}) as min_balanced_minor
    from floored

),

balanced as (

    select
        *,
        case
            when keeps_limit or is_floored_by_trigger then rounded_minor
            else greatest(rounded_minor, min_balanced_minor)
        end as balanced_minor
    from rounded

)

{%- set columns = [
    'decision_key', 'customer_decision_key', 'business_date', 'is_void', 'account_key', 'customer_key', 'policy_version', 'pack_number',
    'pack', 'is_assigned', 'product_code', 'legal_entity_code', 'slice_code', 'purpose_code', 'channel_code', 'is_open', 'is_drawable',
    'keeps_limit', 'is_at_rest', 'limit_minor', 'core_limit_minor', 'highest_applied_minor', 'is_in_flight', 'is_external_change',
    'reference_limit_minor', 'granted_reference_limit_minor', 'principal_minor',
    'carried_pending_minor', 'carried_pending_since_date', 'carried_pending_effective_date',
    'account_count', 'score', 'band', 'pd_bp', 'confirmed_milli', 'is_maintenance', 'floor_minor', 'rounding_minor', 'lgd_bp', 'ccf_bp',
    'target_minor', 'tonight_target_minor', 'is_overridden', 'is_restored', 'strategy_minor', 'is_raise_barred', 'is_raise_forbidden',
    'tier_bound_minor', 'min_draw_minor', 'income_multiple_bp', 'tiered_minor', 'permitted_minor', 'is_budget_spent', 'budgeted_minor',
    'restated_minor', 'customer_income_bound_minor', 'bounded_minor', 'protection_code', 'protected_minor', 'trigger_code',
    'trigger_bound_minor', 'is_draw_blocked', 'triggered_minor', 'floored_minor', 'rounded_minor', 'balanced_minor',
    'own_maximum_minor', 'asked_customer_maximum_minor'
] %}

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    case
        when keeps_limit then limit_minor
        else least(balanced_minor, coalesce(own_maximum_minor, balanced_minor))
    end as requested_minor
from balanced
