-- Grain: one row a slice and valid night before: what the breaker compares tonight with.

with

carried as (

    select * from {{ source('state', 'slice') }}

)

select
    slice_code,
    business_date,
    account_count,
    down_count
from carried
