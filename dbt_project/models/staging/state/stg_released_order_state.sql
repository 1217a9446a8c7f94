-- Grain: one row an order that the valid night before carried over.

with

carried as (

    select * from {{ source('state', 'released_order') }}

)

select
    adjustment_id,
    account_key,
    sequence,
    business_date,
    action,
    old_limit_minor,
    new_limit_minor,
    expires_at,
    status,
    applied_limit_minor,
    acked_at,
    ack_reason
from carried
