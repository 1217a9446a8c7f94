-- Grain: one row a customer whose windows over account snapshots tonight recomputes from history instead of carrying on:
-- a snapshot of an earlier night or a hardship pause that began earlier became known since the night before, the customer is
-- merged or split tonight, or nothing was carried. Everybody else's history stays closed.

with

night as (

    select * from {{ ref('stg_night') }}

),

carried_state as (

    select * from {{ source('run', 'carried_state') }}

),

new_batches as (

    select * from {{ source('run', 'new_batch') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}
    where is_main

),

account_links as (

    select * from {{ ref('stg_account_link') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

history as (

    select
        delivered.business_date,
        delivered.batch_id,
        delivered.account_key,
        coalesce(account_links.customer_key, links.customer_key, delivered.customer_key) as customer_key
    from {{ source('raw', 'account_snapshot_history') }} as delivered
    inner join night on delivered.known_at <= night.cut_off_at
    left join links on delivered.customer_key = links.delivered_key
    left join account_links
        on
            delivered.customer_key = account_links.delivered_key
            and delivered.account_key = account_links.account_key
            and delivered.business_date < account_links.until_date

),

delivered_cases as (

    select delivered.*
    from {{ source('raw', 'case_event') }} as delivered
    inner join night on delivered.known_at <= night.cut_off_at

),

carried_cases as (

    select * from {{ source('state', 'case_event') }}

),

new_pauses as (

    select
        delivered_cases.event_token,
        delivered_cases.account_key,
        delivered_cases.customer_key,
        coalesce(delivered_cases.from_date, delivered_cases.local_date) as from_date
    from delivered_cases
    inner join new_batches on delivered_cases.batch_id = new_batches.batch_id
    where delivered_cases.kind = 'hardship_pause'

),

-- a version counted until last night if a new one replaces it now
changed_pauses as (

    select
        account_key,
        customer_key,
        from_date
    from new_pauses

    union all

    select
        carried_cases.account_key,
        carried_cases.customer_key,
        coalesce(carried_cases.from_date, carried_cases.local_date) as from_date
    from carried_cases
    inner join new_pauses on carried_cases.event_token = new_pauses.event_token

),

backdated_pauses as (

    select changed_pauses.*
    from changed_pauses
    inner join night on changed_pauses.from_date <= night.previous_business_date

)

select history.customer_key
from history
cross join carried_state
where not carried_state.is_complete

union

select history.customer_key
from history
inner join new_batches on history.batch_id = new_batches.batch_id
inner join night on history.business_date <= night.previous_business_date

union

select customer_key
from backdated_pauses
where customer_key is not null

union

select history.customer_key
from history
inner join backdated_pauses on history.account_key = backdated_pauses.account_key

union

select carried_key as customer_key from moved

union

select customer_key from moved
