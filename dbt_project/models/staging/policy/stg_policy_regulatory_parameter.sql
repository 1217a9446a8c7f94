-- Grain: one row a policy pack, parameter and scope in force tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

entries as (

    select * from {{ source('policy', 'regulatory_parameter') }}

)

select
    entries.policy_version,
    entries.param,
    entries.jurisdiction,
    entries.entity_type,
    entries.purpose,
    entries.channel,
    entries.value,
    entries.unit,
    entries.base,
    entries.effective_from,
    entries.effective_to,
    entries.source,
    entries.evidence,
    entries.approved_by,
    entries.is_enabled
from entries
inner join night
    on
        entries.effective_from <= night.business_date
        and (entries.effective_to is null or night.business_date < entries.effective_to)
where entries.is_enabled
