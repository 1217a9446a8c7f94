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
    previous_limit_minor,
    cause_date,
    cause_minor,
    cause_reason_codes,
    cause_sha256,
    change_date,
    change_minor,
    change_reason_codes,
    change_sha256,
    is_overlaid,
    pending_minor,
    pending_since_date,
    pending_effective_date
from carried
