-- Grain: one row a policy pack and trigger.

with

rules as (

    select * from {{ source('policy', 'cure_rule') }}

)

select
    policy_version,
    trigger_code,
    clean_nights,
    max_days_past_due,
    min_on_time_instalments
from rules
