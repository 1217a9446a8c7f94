-- Grain: one row an account and operator that changed the value, for every decision that is not a plain HOLD.

with

limits as (

    select * from {{ ref('dec_limit') }}
    where action <> 'HOLD' or recommended_minor <> strategy_minor

),

steps as (

    select
        account_key, 1 as step, 'strategy' as operator, band as rule_id,
        old_limit_minor as before_minor, strategy_minor as after_minor
    from limits

    union all

    select
        account_key, 2 as step, 'bound' as operator,
        case when bounded_minor = tier_bound_minor then 'product_tier' else 'income' end as rule_id,
        strategy_minor as before_minor, bounded_minor as after_minor
    from limits

    union all

    select
        account_key, 3 as step, 'floor' as operator, 'floor_amount' as rule_id,
        bounded_minor as before_minor, floored_minor as after_minor
    from limits

    union all

    select
        account_key, 4 as step, 'rounding' as operator,
        case when is_held then 'held' else 'rounding_amount' end as rule_id,
        floored_minor as before_minor, rounded_minor as after_minor
    from limits

    union all

    select
        account_key, 5 as step, 'balance_rule' as operator, 'not_below_balance' as rule_id,
        rounded_minor as before_minor, balanced_minor as after_minor
    from limits

    union all

    select
        account_key, 6 as step, 'regulatory_cap' as operator, cap_rule_id as rule_id,
        balanced_minor as before_minor, recommended_minor as after_minor
    from limits

)

select
    account_key,
    cast(step as bigint) as step,
    operator,
    rule_id,
    before_minor,
    after_minor
from steps
where before_minor <> after_minor
