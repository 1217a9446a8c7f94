-- Grain: one row an account of tonight's snapshot: the limit to go on from. An order in flight counts as applied, and so
-- does one that the core answered after it had written the snapshot.

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
        max_by(
            case
                when status = 'IN_FLIGHT' then new_limit_minor
                when status in ('APPLIED', 'PARTIAL') and is_changed_tonight then applied_limit_minor
            end,
            case
                when status = 'IN_FLIGHT' or (status in ('APPLIED', 'PARTIAL') and is_changed_tonight) then sequence
            end
        ) as ordered_limit_minor,
        bool_or(
            (status = 'IN_FLIGHT' or (status in ('APPLIED', 'PARTIAL') and is_changed_tonight))
            and core_limit_minor = old_limit_minor
        ) as is_awaited,
        bool_or(status = 'IN_FLIGHT' or is_changed_tonight) as is_open,
        bool_or(
            (is_unanswered or is_changed_tonight)
            and core_limit_minor in (new_limit_minor, coalesce(applied_limit_minor, new_limit_minor))
        ) as is_ordered,
        max(case when status = 'IN_FLIGHT' then expires_at end) as in_flight_until_at
    from {{ ref('dec_order') }}
    group by account_key

),

carried as (

    select * from {{ ref('stg_account_state') }}

)

select
    snapshots.account_key,
    snapshots.limit_minor as core_limit_minor,
    case
        when orders.is_awaited and not night.is_void then orders.ordered_limit_minor
        else snapshots.limit_minor
    end as limit_minor,
    coalesce(orders.is_awaited, false) and orders.in_flight_until_at is not null and not night.is_void as is_in_flight,
    carried.limit_minor as expected_limit_minor,
    not night.is_void
    and coalesce(
        snapshots.limit_minor <> carried.limit_minor
        and not (snapshots.limit_minor = carried.core_limit_minor and coalesce(orders.is_open, false))
        and not coalesce(orders.is_ordered, false),
        false
    ) as is_external_change
from snapshots
cross join night
left join orders on snapshots.account_key = orders.account_key
left join carried on snapshots.account_key = carried.account_key
