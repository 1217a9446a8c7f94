-- Grain: one row an account of tonight's snapshot, policy pack and reason that an operator gives.
-- precedence: overlays and what a restatement gives back, triggers, caps and own maxima, bounds, what raised or protected it.

with

limits as (

    select * from {{ ref('dec_limit_to_explain') }}

),

triggers as (

    select * from {{ ref('dec_trigger') }}
    where not is_cured and is_sustained and not is_inherited

),

binding_triggers as (

    select
        limits.decision_key,
        limits.account_key,
        triggers.*,
        limits.trigger_bound_minor
    from limits
    inner join triggers on limits.customer_decision_key = triggers.customer_decision_key
    where
        not limits.keeps_limit
        and (
            triggers.effect = 'block_draws'
            or (
                triggers.trigger_code = limits.trigger_code
                and limits.trigger_bound_minor is not null
                and limits.decided_minor <= greatest(limits.trigger_bound_minor, limits.balanced_minor)
                -- if the balance rule gave back all that the trigger took, the trigger did not lower the limit, but
                -- something else did
                and (limits.balanced_minor < limits.protected_minor or limits.decided_minor = limits.balanced_minor)
                and limits.trigger_bound_minor < limits.reference_limit_minor
                and limits.triggered_minor = limits.trigger_bound_minor
            )
        )

)

select
    decision_key, account_key, policy_version, 1 as precedence, overlay_code as reason_code, 'overlay' as feature,
    cast(1 as bigint) as feature_value, cast(0 as bigint) as goal_value
from limits
where overlay_code is not null and (is_overlaid or overlay_action = 'RESTORE')

union all

select
    decision_key, account_key, policy_version, 1 as precedence, 'U2' as reason_code, 'restatement' as feature,
    decided_minor as feature_value, decided_minor as goal_value
from limits
where decided_minor > limit_minor and restated_minor > budgeted_minor

union all

select
    decision_key, account_key, policy_version, 2 as precedence, reason_code, feature, feature_value, goal_value
from binding_triggers
where is_hit

union all

select
    decision_key, account_key, policy_version, 2 as precedence, 'K1' as reason_code, 'trigger_' || trigger_code as feature,
    cast(clean_days as bigint) as feature_value, clean_days_needed as goal_value
from binding_triggers
where not is_hit

union all

select
    decision_key, account_key, policy_version, 3 as precedence, 'G1' as reason_code, 'regulatory_cap' as feature,
    cap_minor as feature_value, cap_minor as goal_value
from limits
where is_capped

union all

select
    decision_key, account_key, policy_version, 3 as precedence, 'M1' as reason_code, 'own_maximum' as feature,
    case when requested_minor < balanced_minor then own_maximum_minor else customer_maximum_minor end as feature_value,
    case when requested_minor < balanced_minor then own_maximum_minor else customer_maximum_minor end as goal_value
from limits
where requested_minor < balanced_minor or maximised_minor < requested_minor

union all

select
    decision_key, account_key, policy_version, 4 as precedence, 'T1' as reason_code, 'product_tier' as feature,
    tier_bound_minor as feature_value, tier_bound_minor as goal_value
from limits
where
    decided_minor < limit_minor and tier_bound_minor < strategy_minor and tier_bound_minor < limit_minor
    -- if a trigger lowers the limit further, the tier is no longer the reason
    and triggered_minor >= protected_minor
    and balanced_minor < limit_minor

union all

select
    decision_key, account_key, policy_version, 4 as precedence, 'I1' as reason_code, 'income_bound' as feature,
    customer_income_bound_minor as feature_value, customer_income_bound_minor as goal_value
from limits
where
    decided_minor < limit_minor and bounded_minor < restated_minor and bounded_minor < limit_minor
    and triggered_minor >= protected_minor
    and balanced_minor < limit_minor

union all

select
    decision_key, account_key, policy_version, 4 as precedence, 'N1' as reason_code, 'reference_limit' as feature,
    reference_limit_minor as feature_value, reference_limit_minor as goal_value
from limits
where reference_limit_minor = 0

union all

select
    decision_key, account_key, policy_version, 5 as precedence, case when is_overridden then 'P1' when is_restored then 'P6' else 'U1' end
    as reason_code,
    'recommended_limit' as feature, decided_minor as feature_value, decided_minor as goal_value
from limits
where
    (decided_minor > limit_minor and restated_minor = budgeted_minor)
    or (is_overridden and decided_minor < limit_minor)

union all

select
    decision_key, account_key, policy_version, 5 as precedence, 'G3' as reason_code, 'raise_budget' as feature,
    permitted_minor as feature_value, permitted_minor as goal_value
from limits
where is_budget_spent

union all

select
    decision_key, account_key, policy_version, 5 as precedence, protection_code as reason_code, 'protection' as feature,
    bounded_minor as feature_value, limit_minor as goal_value
from limits
where protection_code is not null and not keeps_limit and protected_minor > bounded_minor
