-- Grain: one row a policy pack, action, reason and channel in force tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

entries as (

    select * from {{ source('policy', 'notice_rule') }}

)

select
    entries.policy_version,
    entries.action,
    entries.reason_code,
    entries.lead_days,
    entries.due_days,
    entries.is_required,
    entries.channel,
    entries.citation,
    entries.effective_from,
    entries.effective_to
from entries
inner join night
    on
        entries.effective_from <= night.business_date
        and (entries.effective_to is null or night.business_date < entries.effective_to)
