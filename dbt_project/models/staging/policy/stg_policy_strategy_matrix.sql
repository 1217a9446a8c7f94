-- Grain: one row a policy pack, band and utilisation bin.

with

entries as (

    select * from {{ source('policy', 'strategy_matrix') }}

)

select
    entries.policy_version,
    entries.band,
    entries.lower_utilisation_bp,
    entries.upper_utilisation_bp,
    entries.multiplier_bp
from entries
