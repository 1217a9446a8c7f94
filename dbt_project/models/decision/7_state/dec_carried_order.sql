-- Grain: one row an order that the next night has to know: each account's last order, and orders whose answer is
-- awaited.

with

orders as (

    select * from {{ ref('dec_order') }}

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
from orders
where is_last or is_awaited
