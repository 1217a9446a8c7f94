-- Grain: one row a policy pack in use.

with

packs as (

    select * from {{ source('policy', 'pack') }}

)

select
    policy_version,
    pack,
    entity,
    jurisdiction,
    currency,
    is_demo,
    score_base,
    score_min,
    score_max,
    lgd_bp,
    ccf_bp,
    adjustment_valid_days,
    play_bp,
    most_reasons,
    least_reason_share_bp,
    validator,
    cast(next_due_date as date) as next_due_date,
    {{ to_minor('floor_amount') }} as floor_minor,
    {{ to_minor('rounding_amount') }} as rounding_minor
from packs
