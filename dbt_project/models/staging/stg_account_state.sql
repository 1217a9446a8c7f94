-- Grain: one row an account that the valid night before carried over.

with

carried as (

    select * from {{ source('state', 'account') }}

)

select
    account_key,
    customer_key,
    reference_limit_minor,
    recommended_minor,
    limit_minor,
    core_limit_minor,
    limit_since_date,
    is_overlaid,
    pending_minor,
    pending_since_date,
    pending_effective_date
from carried
