-- Grain: one row an account of tonight's snapshot. The reference limit is the last limit that was approved. It is
-- carried over, or on an account's first night taken from the opening state, and is never below what the core grants
-- tonight. Our own cuts never lower it (promise 2, no spiral).

with

night as (

    select * from {{ ref('stg_night') }}

),

snapshots as (

    select * from {{ ref('stg_account_snapshot') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

opening as (

    select
        account_key,
        max(reference_limit_minor) as reference_limit_minor
    from {{ ref('stg_opening_state') }}
    group by account_key

)

select
    snapshots.account_key,
    snapshots.customer_key,
    greatest(
        coalesce(carried.reference_limit_minor, opening.reference_limit_minor, 0), snapshots.limit_minor
    ) as reference_limit_minor
from snapshots
inner join night on snapshots.business_date = night.business_date
left join carried on snapshots.account_key = carried.account_key
left join opening on snapshots.account_key = opening.account_key
