-- Grain: one row an order released on an earlier night.

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
    new_limit_minor
from released
