-- Grain: one row an account of tonight's snapshot.
-- The target is the account's reference limit times the customer's multiplier; the strategy then moves the core's
-- limit of tonight only to the edge of the band around that target (play operator, source: policy docs c4).

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

scores as (

    select * from {{ ref('dec_score') }}

),

features as (

    select * from {{ ref('ftr_customer') }}

),

cells as (

    select * from {{ ref('dec_strategy_cell') }}

),

multipliers as (

    select
        scores.customer_key,
        scores.policy_version,
        scores.score,
        scores.band,
        scores.pd_bp,
        cells.multiplier_bp + {{ int_div(
            '(cells.better_multiplier_bp - cells.multiplier_bp) * (scores.score - cells.lower_score)',
            'cells.upper_score - cells.lower_score'
        ) }} as multiplier_bp
    from scores
    inner join features on scores.customer_key = features.customer_key
    inner join cells
        on
            scores.policy_version = cells.policy_version
            and scores.band = cells.band
            and coalesce(features.f06_util_bp, 0) >= cells.lower_utilisation_bp
            and coalesce(features.f06_util_bp, 0) < cells.upper_utilisation_bp

),

targets as (

    select
        accounts.account_key,
        accounts.customer_key,
        accounts.policy_version,
        multipliers.score,
        multipliers.band,
        multipliers.pd_bp,
        multipliers.multiplier_bp,
        accounts.limit_minor,
        {{ int_div('accounts.reference_limit_minor * multipliers.multiplier_bp', '10000') }} as target_minor,
        packs.play_bp
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join multipliers
        on
            accounts.customer_key = multipliers.customer_key
            and accounts.policy_version = multipliers.policy_version

)

select
    account_key,
    customer_key,
    policy_version,
    score,
    band,
    pd_bp,
    multiplier_bp,
    target_minor,
    least(
        greatest(limit_minor, {{ int_div('target_minor * (10000 - play_bp)', '10000') }}),
        {{ int_div('target_minor * (10000 + play_bp)', '10000') }}
    ) as strategy_minor
from targets
