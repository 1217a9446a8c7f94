-- Grain: one row an account of tonight's snapshot and policy pack.
-- The first upper bounds on what the strategy may give: product tier, no raise. The raise budget, which asks what
-- everybody wants, and the income of the customer come after them.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}

),

strategies as (

    select * from {{ ref('dec_strategy') }}

),

no_raises as (

    select * from {{ ref('dec_raise_rule') }}

),

protections as (

    select * from {{ ref('dec_protection') }}

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
        tiers.max_limit_minor as tier_bound_minor,
        tiers.min_draw_minor,
        strategies.strategy_minor,
        -- what no tier covers is not raised: a missing parameter fails closed
        (no_raises.account_key is not null or tiers.product_code is null) and not strategies.is_overridden
            as is_raise_forbidden,
        strategies.restored_minor,
        tiers.income_multiple_bp,
        case when not strategies.is_overridden then strategies.restated_limit_minor end as restated_limit_minor,
        case
            when strategies.is_overridden then null
            -- what protects tonight's limit from a cut protects what is owed, too
            when protections.reason_code is not null then strategies.restated_limit_minor
            else least(strategies.restated_limit_minor, strategies.restated_strategy_minor)
        end as owed_minor,
        least(strategies.strategy_minor, coalesce(tiers.max_limit_minor, strategies.strategy_minor)) as tiered_minor
    from accounts
    inner join strategies
        on accounts.account_key = strategies.account_key and accounts.policy_version = strategies.policy_version
    left join no_raises
        on accounts.account_key = no_raises.account_key and accounts.policy_version = no_raises.policy_version
    left join protections
        on accounts.account_key = protections.account_key and accounts.policy_version = protections.policy_version
    left join tiers
        on accounts.policy_version = tiers.policy_version and accounts.product_code = tiers.product_code

)

select
    account_key,
    customer_key,
    policy_version,
    min_draw_minor,
    tier_bound_minor,
    income_multiple_bp,
    is_raise_forbidden,
    restated_limit_minor,
    case when owed_minor is not null then least(owed_minor, coalesce(tier_bound_minor, owed_minor)) end as returned_minor,
    strategy_minor,
    case when is_held then limit_minor else tiered_minor end as tiered_minor,
    case
        when is_held then limit_minor
        -- what a bad row took is no raise
        when is_raise_forbidden then least(tiered_minor, coalesce(restored_minor, limit_minor))
        else tiered_minor
    end as permitted_minor
from tiered
