-- Grain: one row an account and reason rank, at most the pack's number of reasons.
-- Caps and bounds come first, then the reasons of the score by the points they cost.

{{ config(materialized='table') }}

with

limits as (

    select * from {{ ref('dec_limit') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

score_reasons as (

    select * from {{ ref('dec_score_reason') }}

),

policy_reasons as (

    select
        account_key, policy_version, 'G1' as reason_code, 'regulatory_cap' as feature,
        cap_minor as feature_value, cap_minor as goal_value
    from limits
    where is_capped

    union all

    select
        account_key, policy_version, 'T1' as reason_code, 'product_tier' as feature,
        tier_bound_minor as feature_value, tier_bound_minor as goal_value
    from limits
    where action = 'DOWN' and bounded_minor = tier_bound_minor and tier_bound_minor < strategy_minor

    union all

    select
        account_key, policy_version, 'I1' as reason_code, 'income_bound' as feature,
        income_bound_minor as feature_value, income_bound_minor as goal_value
    from limits
    where action = 'DOWN' and bounded_minor = income_bound_minor and income_bound_minor < strategy_minor

    union all

    select
        account_key, policy_version, 'U1' as reason_code, 'recommended_limit' as feature,
        recommended_minor as feature_value, recommended_minor as goal_value
    from limits
    where action = 'UP'

    union all

    select
        account_key, policy_version, 'N1' as reason_code, 'reference_limit' as feature,
        reference_limit_minor as feature_value, reference_limit_minor as goal_value
    from limits
    where reference_limit_minor = 0

),

reasons as (

    select
        account_key, policy_version, reason_code, feature, feature_value, goal_value,
        cast(0 as bigint) as points_lost, 1 as precedence
    from policy_reasons

    union all

    select
        account_key, policy_version, reason_code, feature, feature_value, goal_value,
        points_lost, 2 as precedence
    from score_reasons

),

ranked as (

    select
        reasons.*,
        packs.most_reasons,
        cast(
            row_number() over (
                partition by reasons.account_key
                order by reasons.precedence, reasons.points_lost desc, reasons.reason_code
            ) as bigint
        ) as reason_rank
    from reasons
    inner join packs on reasons.policy_version = packs.policy_version

)

select
    account_key,
    policy_version,
    reason_rank,
    reason_code,
    feature,
    feature_value,
    goal_value,
    points_lost
from ranked
where reason_rank <= most_reasons
