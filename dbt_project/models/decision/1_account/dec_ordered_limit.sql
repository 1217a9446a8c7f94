-- Grain: one row an account of tonight's snapshot with an order that the core may still apply, or whose answer came tonight: the
-- limit to go on from. An order in flight counts as applied, and so does one that the core answered after it had written the
-- snapshot.

{{ config(materialized='table') }}

with

orders as (

    select * from {{ ref('dec_order') }}

),

summed as (

    select
        account_key,
        max(core_limit_minor) as core_limit_minor,
        {{ chained('sequence', 'old_limit_minor', 'coalesce(applied_limit_minor, new_limit_minor)', 'counts_as_applied') }}
            as orders_in_order,
        max(case when counts_as_applied then coalesce(applied_limit_minor, new_limit_minor) end) as highest_ordered_minor,
        max(case when status in ('APPLIED', 'PARTIAL') and is_changed_tonight then applied_limit_minor end)
            as highest_applied_minor,
        bool_or(status = 'IN_FLIGHT' or is_changed_tonight) as is_open,
        bool_or(
            (is_unanswered or is_changed_tonight)
            and core_limit_minor in (new_limit_minor, coalesce(applied_limit_minor, new_limit_minor))
        ) as is_ordered,
        bool_or(status = 'IN_FLIGHT') as has_order_in_flight
    from orders
    where core_limit_minor is not null
    group by account_key

)

select
    account_key,
    -- the core rejects an order whose old limit differs from its own, so we follow the orders that count from its limit
    {{ end_of_chain('core_limit_minor', 'orders_in_order') }} as limit_minor,
    highest_ordered_minor,
    highest_applied_minor,
    is_open,
    is_ordered,
    has_order_in_flight
from summed
