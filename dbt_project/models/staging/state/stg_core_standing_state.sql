-- Grain: one row an account of the valid night before whose order was on its way: since when the core's own limit has stood.

with

carried as (

    select * from {{ source('state', 'core_standing') }}

)

select
    account_key,
    limit_since_date,
    previous_limit_minor,
    cause_date,
    cause_minor,
    cause_reason_codes,
    cause_sha256
from carried
