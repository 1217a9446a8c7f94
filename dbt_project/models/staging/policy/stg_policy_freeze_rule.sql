-- Grain: one row a policy pack and suspicious feature.

with

rules as (

    select * from {{ source('policy', 'freeze_rule') }}

)

select
    policy_version,
    feature,
    threshold,
    points,
    freeze_at_points,
    ttl_hours,
    max_extensions
from rules
