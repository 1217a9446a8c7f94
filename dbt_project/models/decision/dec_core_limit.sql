-- Grain: one row an account of tonight's snapshot: the limit to go on from. An order in flight counts as applied, and so
-- does one that the core answered after it had written the snapshot.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

snapshots as (

    select
        account_snapshots.account_key,
        account_snapshots.limit_minor
    from {{ ref('stg_account_snapshot') }} as account_snapshots
    inner join night on account_snapshots.business_date = night.business_date

),

orders as (

    select
        account_key,
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
    from {{ ref('dec_order') }}
    group by account_key

),

-- the core rejects an order whose old limit is not its own, so the orders that count are walked from its limit
followed as (

    select
        orders.*,
        {{ end_of_chain('snapshots.limit_minor', 'orders.orders_in_order') }} as limit_minor
    from orders
    inner join snapshots on orders.account_key = snapshots.account_key
    inner join night on not night.is_void

),

carried as (

    select * from {{ ref('stg_account_state') }}

)

select
    snapshots.account_key,
    snapshots.limit_minor as core_limit_minor,
    coalesce(followed.limit_minor, snapshots.limit_minor) as limit_minor,
    followed.highest_ordered_minor,
    followed.highest_applied_minor,
    coalesce(followed.has_order_in_flight and followed.limit_minor <> snapshots.limit_minor, false) as is_in_flight,
    carried.limit_minor as expected_limit_minor,
    not night.is_void
    and coalesce(
        snapshots.limit_minor <> carried.limit_minor
        and not (snapshots.limit_minor = carried.core_limit_minor and coalesce(followed.is_open, false))
        and not coalesce(followed.is_ordered, false),
        false
    ) as is_external_change
from snapshots
cross join night
left join followed on snapshots.account_key = followed.account_key
left join carried on snapshots.account_key = carried.account_key
