-- Grain: one row a policy pack and cap in force tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

entries as (

    select * from {{ source('policy', 'regulatory_cap') }}

)

select
    entries.policy_version,
    entries.rule_id,
    entries.legal_entity_code,
    entries.purpose_code,
    entries.channel_code,
    entries.base,
    {{ to_minor('entries.cap_amount') }} as cap_minor,
    entries.effective_from,
    entries.effective_to,
    entries.known_at,
    entries.citation,
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
