-- Grain: one row a customer, policy pack and night.

with

night as (

    select * from {{ ref('stg_night') }}

),

customers as (

    select * from {{ ref('dec_customer') }}

),

strategies as (

    select
        customer_decision_key,
        cast(sum(target_minor) as bigint) as target_minor,
        cast(sum(strategy_minor) as bigint) as strategy_minor
    from {{ ref('dec_decision') }}
    group by customer_decision_key

)

select
    night.business_date,
    customers.customer_key,
    customers.policy_version,
    customers.account_count,
    {{ to_major('customers.limit_minor') }} as exposure_limit_amount,
    {{ to_major('customers.principal_minor') }} as exposure_balance,
    customers.score,
    customers.band,
    customers.confirmed_milli as confirmed_score_milli,
    {{ to_major('strategies.target_minor') }} as target_limit_amount,
    {{ to_major('strategies.strategy_minor') }} as strategy_limit_amount
from customers
cross join night
inner join strategies on customers.customer_decision_key = strategies.customer_decision_key
