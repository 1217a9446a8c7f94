-- Grain: one row a policy pack, reason and audience.

with

entries as (

    select * from {{ source('policy', 'reason_text') }}

)

select
    entries.policy_version,
    entries.reason_code,
    entries.cause,
    entries.audience,
    entries.zh,
    entries.en,
    entries.advice_zh,
    entries.advice_en
from entries
