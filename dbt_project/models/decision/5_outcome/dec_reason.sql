-- Grain: one row an account of tonight's snapshot, policy pack and reason rank, at most the pack's number of reasons.

{{ config(materialized='table') }}

with

limits as (

    select * from {{ ref('dec_limit_to_explain') }}
    where decided_minor < limit_minor and strategy_minor < limit_minor and not is_overridden

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

policy_reasons as (

    select * from {{ ref('dec_policy_reason') }}

),

score_reasons as (

    select * from {{ ref('dec_score_reason') }}

),

reasons as (

    select
        decision_key, account_key, policy_version, precedence, reason_code, feature, feature_value, goal_value,
        cast(0 as bigint) as points_lost
    from policy_reasons

    union all

    select
        limits.decision_key, limits.account_key, limits.policy_version, 6 as precedence, score_reasons.reason_code, score_reasons.feature,
        score_reasons.feature_value, score_reasons.goal_value, score_reasons.points_lost
    from limits
    inner join score_reasons on limits.customer_decision_key = score_reasons.customer_decision_key

),

-- one code is cited once, with its strongest evidence; of two triggers on one fact, the one with the lower goal
cited as (

    select
        *,
        row_number() over (
            partition by decision_key, reason_code
            order by precedence, points_lost desc, feature, goal_value nulls last, feature_value nulls last
        ) as repetition
    from reasons

),

ranked as (

    select
        cited.*,
        packs.max_reasons,
        cast(
            row_number() over (
                partition by cited.decision_key
                order by cited.precedence, cited.points_lost desc, cited.reason_code
            ) as bigint
        ) as reason_rank
    from cited
    inner join packs on cited.policy_version = packs.policy_version
    where cited.repetition = 1

)

select
    decision_key,
    account_key,
    policy_version,
    reason_rank,
    reason_code,
    feature,
    feature_value,
    goal_value,
    points_lost
from ranked
where reason_rank <= max_reasons
