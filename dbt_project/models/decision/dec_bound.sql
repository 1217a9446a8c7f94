-- Grain: one row an account of tonight's snapshot.
-- Upper bounds on what the strategy may give: the product tier on the account; the income on the customer, shared out
-- over the accounts in proportion to what the strategy would give them, rounded down.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

strategies as (

    select * from {{ ref('dec_strategy') }}

),

tiers as (

    select * from {{ ref('stg_policy_product_tier') }}

),

limits as (

    select
        strategies.account_key,
        strategies.customer_key,
        strategies.policy_version,
        strategies.target_minor,
        strategies.strategy_minor,
        tiers.max_limit_minor as tier_bound_minor,
        tiers.min_draw_minor,
        {{ int_div('max(accounts.income_monthly_minor) over customer * tiers.income_multiple_bp', '10000') }}
            as customer_income_bound_minor,
        sum(strategies.strategy_minor) over customer as customer_strategy_minor
    from strategies
    inner join accounts on strategies.account_key = accounts.account_key
    left join tiers
        on
            strategies.policy_version = tiers.policy_version
            and accounts.product_code = tiers.product_code
    window customer as (partition by strategies.customer_key, strategies.policy_version)

),

bounds as (

    select
        account_key,
        customer_key,
        policy_version,
        target_minor,
        strategy_minor,
        tier_bound_minor,
        min_draw_minor,
        case
            when customer_strategy_minor > customer_income_bound_minor
                then {{ int_div('customer_income_bound_minor * strategy_minor', 'customer_strategy_minor') }}
        end as income_bound_minor
    from limits

)

select
    account_key,
    customer_key,
    policy_version,
    target_minor,
    strategy_minor,
    tier_bound_minor,
    income_bound_minor,
    min_draw_minor,
    least(
        strategy_minor, coalesce(tier_bound_minor, strategy_minor), coalesce(income_bound_minor, strategy_minor)
    ) as bounded_minor,
    least(
        greatest(target_minor, strategy_minor),
        coalesce(tier_bound_minor, greatest(target_minor, strategy_minor)),
        coalesce(income_bound_minor, greatest(target_minor, strategy_minor))
    ) as grantable_minor
from bounds
