-- Grain: one row a customer, policy pack and night.

with

night as (

    select * from {{ ref('stg_night') }}

),

exposures as (

    select * from {{ ref('dec_exposure') }}

),

scores as (

    select * from {{ ref('dec_score') }}

),

confirmations as (

    select * from {{ ref('dec_confirmation') }}

),

strategies as (

    select * from {{ ref('dec_customer_strategy') }}

)

select
    night.business_date,
    exposures.customer_key,
    exposures.policy_version,
    exposures.account_count,
    {{ to_major('exposures.limit_minor') }} as exposure_limit_amount,
    {{ to_major('exposures.principal_minor') }} as exposure_balance,
    scores.score,
    scores.band,
    confirmations.confirmed_milli as confirmed_score_milli,
    {{ to_major('strategies.target_minor') }} as target_limit_amount,
    {{ to_major('strategies.strategy_minor') }} as strategy_limit_amount
from exposures
cross join night
inner join scores
    on exposures.customer_key = scores.customer_key and exposures.policy_version = scores.policy_version
inner join confirmations
    on
        exposures.customer_key = confirmations.customer_key
        and exposures.policy_version = confirmations.policy_version
inner join strategies
    on exposures.customer_key = strategies.customer_key and exposures.policy_version = strategies.policy_version
