-- Grain: one row a freeze or restore that left since the night before was decided; its sequence is the order of
-- leaving. For a watch's order, the freeze behind it is stored here until the next night. For a night's own order, the
-- freeze is carried state.

with

released as (

    select * from {{ source('release', 'security_order') }}

)

select
    sequence,
    business_date,
    adjustment_id,
    account_key,
    customer_key,
    pack,
    action,
    expires_at,
    watched_at,
    watched_at is not null as is_of_watch,
    movement,
    frozen_since_date,
    frozen_at,
    frozen_until_at,
    extension_count,
    reason_code
from released
