-- Grain: one row an account of tonight's snapshot and policy pack.
-- Upper bounds on what the strategy may give, in their order: product tier, no raise, income of the customer. The raise
-- budget, which asks what everybody gets, comes after them.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

strategies as (

    select * from {{ ref('dec_strategy') }}

),

no_raises as (

    select * from {{ ref('dec_raise_rule') }}

),

tiers as (

    select * from {{ ref('stg_policy_product_tier') }}

),

tiered as (

    select
        accounts.account_key,
        accounts.customer_key,
        accounts.policy_version,
        accounts.is_held,
        accounts.limit_minor,
        packs.rounding_minor,
        packs.floor_minor,
        tiers.max_limit_minor as tier_bound_minor,
        tiers.min_draw_minor,
        strategies.strategy_minor,
        -- what no tier covers is not raised: a missing parameter fails closed
        (no_raises.account_key is not null or tiers.product_code is null) and not strategies.is_overridden
            as is_raise_forbidden,
        -- an account without a multiple, or of a customer without income, is neither bound nor counted
        not accounts.is_held and tiers.income_multiple_bp is not null
        and max(accounts.income_monthly_minor) over customer is not null as has_income_bound,
        {{ int_div(
            'max(accounts.income_monthly_minor) over customer'
            ~ ' * max(case when not accounts.is_held then tiers.income_multiple_bp end) over customer', '10000'
        ) }}
            as income_minor,
        least(strategies.strategy_minor, coalesce(tiers.max_limit_minor, strategies.strategy_minor)) as tiered_minor
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join strategies
        on accounts.account_key = strategies.account_key and accounts.policy_version = strategies.policy_version
    left join no_raises
        on accounts.account_key = no_raises.account_key and accounts.policy_version = no_raises.policy_version
    left join tiers
        on accounts.policy_version = tiers.policy_version and accounts.product_code = tiers.product_code
    window customer as (partition by accounts.customer_key, accounts.policy_version)

),

permitted as (

    select
        *,
        case
            when is_held then limit_minor
            when is_raise_forbidden then least(tiered_minor, limit_minor)
            else tiered_minor
        end as permitted_minor
    from tiered

),

measured as (

    select
        *,
        {{ round_down('income_minor', 'rounding_minor') }} as income_bound_minor,
        {{ round_down('permitted_minor', 'rounding_minor') }} as permitted_units_minor,
        sum(permitted_minor) over (partition by customer_key, policy_version, has_income_bound) as customer_permitted_minor
    from permitted

),

shared as (

    select
        *,
        {{ share_out('income_bound_minor', 'permitted_units_minor', 'rounding_minor') }} as share_minor
    from measured
    window
        sharers as (partition by customer_key, policy_version, has_income_bound),
        sharers_so_far as (
            partition by customer_key, policy_version, has_income_bound
            order by account_key rows between unbounded preceding and current row
        )

)

select
    account_key,
    customer_key,
    policy_version,
    min_draw_minor,
    tier_bound_minor,
    is_raise_forbidden,
    strategy_minor,
    case when is_held then limit_minor else tiered_minor end as tiered_minor,
    permitted_minor,
    case when has_income_bound then income_bound_minor end as customer_income_bound_minor,
    case
        when has_income_bound and customer_permitted_minor > income_bound_minor
            then least(permitted_minor, greatest(share_minor, floor_minor))
        else permitted_minor
    end as income_bounded_minor
from shared
