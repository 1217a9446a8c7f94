-- Grain: one row an order that was released since the night before.

with

released as (

    select * from {{ source('release', 'adjustment') }}

)

select
    sequence,
    business_date,
    adjustment_id,
    account_key,
    action,
    old_limit_minor,
    new_limit_minor,
    expires_at
from released
