-- Grain: one row a policy pack in use tonight.

with

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

night as (

    select * from {{ ref('stg_night') }}

)

select
    packs.policy_version,
    packs.pack,
    packs.entity,
    packs.jurisdiction,
    packs.currency,
    packs.is_demo,
    {{ to_major('packs.floor_minor') }} as floor_amount,
    {{ to_major('packs.rounding_minor') }} as rounding_amount,
    packs.validator,
    packs.evidence as validation_evidence,
    packs.next_due_date as validation_due_date,
    night.business_date as as_of_date
from packs
cross join night
