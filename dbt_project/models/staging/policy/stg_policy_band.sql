-- Grain: one row a policy pack and band.

with

entries as (

    select * from {{ source('policy', 'band') }}

)

select
    entries.policy_version,
    entries.band,
    entries.lower_score,
    entries.upper_score,
    entries.pd_bp,
    entries.cut_step_bp
from entries
