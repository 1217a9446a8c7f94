-- Grain: one row a landing source: what tonight may believe of it.

with

sources as (

    select * from {{ source('run', 'night_source') }}

)

select
    source,
    is_expected,
    verdict,
    is_missing,
    is_distrusted,
    coverage_from_date
from sources
