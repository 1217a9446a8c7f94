-- Grain: one row a policy pack, trigger, condition group and feature.

with

conditions as (

    select * from {{ source('policy', 'trigger') }}

)

select
    policy_version,
    trigger_code,
    condition_group,
    feature,
    operator,
    threshold,
    effect,
    effect_bp,
    hold_nights,
    reason_code,
    source_name
from conditions
