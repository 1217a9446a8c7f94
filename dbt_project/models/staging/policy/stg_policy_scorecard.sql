-- Grain: one row a policy pack, feature and bin.

with

entries as (

    select * from {{ source('policy', 'scorecard') }}

)

select
    entries.policy_version,
    entries.feature,
    entries.is_missing,
    entries.lower,
    entries.upper,
    entries.points,
    entries.reason_code,
    entries.sign
from entries
