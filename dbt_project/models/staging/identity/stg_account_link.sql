-- Grain: one row a customer key under which rows were delivered and account that went to the new side of a split. What
-- was delivered about the account before until_date belongs to that side alone.

with

night as (

    select * from {{ ref('stg_night') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}
    where not is_main

),

owners as (

    select
        snapshots.account_key,
        snapshots.customer_key
    from {{ ref('stg_account_snapshot') }} as snapshots
    inner join night on snapshots.business_date = night.business_date
    inner join links on snapshots.customer_key = links.customer_key

    union

    -- accounts that are delivered no more
    select
        carried.account_key,
        carried.customer_key
    from {{ ref('stg_account_state') }} as carried
    inner join links on carried.customer_key = links.customer_key

)

select
    links.delivered_key,
    owners.account_key,
    owners.customer_key,
    links.until_date
from links
inner join owners on links.customer_key = owners.customer_key
