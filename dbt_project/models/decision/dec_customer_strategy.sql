-- Grain: one row a customer and policy pack: targets and strategy limits summed over the accounts.

with

strategies as (

    select * from {{ ref('dec_strategy') }}

)

select
    customer_key,
    policy_version,
    cast(sum(target_minor) as bigint) as target_minor,
    cast(sum(strategy_minor) as bigint) as strategy_minor
from strategies
group by customer_key, policy_version
