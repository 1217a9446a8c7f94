-- Grain: one row a customer, night, policy pack and trigger that is active, or was cured tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

triggers as (

    select * from {{ ref('dec_trigger') }}

)

select
    night.business_date,
    triggers.customer_key,
    triggers.policy_version,
    triggers.trigger_code,
    triggers.effect,
    triggers.triggered_date,
    triggers.last_hit_date,
    triggers.is_hit,
    triggers.is_sustained,
    triggers.is_inherited,
    triggers.is_cured,
    cast(triggers.clean_days as bigint) as clean_days,
    triggers.clean_days_needed
from triggers
cross join night
