-- Grain: one row a released order and night on which it is in flight or its status changed.

with

night as (

    select * from {{ ref('stg_night') }}

),

orders as (

    select * from {{ ref('dec_order') }}

)

select
    night.business_date,
    orders.adjustment_id,
    orders.account_key,
    orders.sequence,
    orders.business_date as released_date,
    orders.action,
    {{ to_major('orders.old_limit_minor') }} as old_limit_amount,
    {{ to_major('orders.new_limit_minor') }} as new_limit_amount,
    orders.expires_at,
    orders.status,
    case when orders.is_changed_tonight then orders.status_before end as status_before,
    -- if an order was seen to be applied, a later acknowledgement does not make it newly applied
    orders.is_changed_tonight and orders.status in ('OBSERVED', 'APPLIED', 'PARTIAL') and orders.status_before <> 'OBSERVED'
        as is_newly_applied,
    {{ to_major('orders.applied_limit_minor') }} as applied_limit_amount,
    orders.acked_at,
    orders.ack_reason
from orders
cross join night
-- a void night leaves orders as they were
where not night.is_void and (orders.status = 'IN_FLIGHT' or orders.is_changed_tonight)
