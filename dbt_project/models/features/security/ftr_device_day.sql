-- Grain: one row a customer, device and day of use. For the time before the sessions that tonight reads, only the last
-- day is kept.

with

night as (

    select * from {{ ref('stg_night') }}

),

sessions as (

    select * from {{ ref('stg_session') }}

),

carried as (

    select * from {{ ref('stg_device') }}

),

days as (

    select
        sessions.customer_key,
        sessions.device_token,
        sessions.local_date as seen_date,
        sessions.occurred_at
    from sessions
    inner join night on sessions.local_date <= night.business_date

    union all

    select
        customer_key,
        device_token,
        last_date as seen_date,
        cast(null as timestamp) as occurred_at
    from carried

)

select
    customer_key,
    device_token,
    seen_date,
    min(occurred_at) as first_at
from days
group by customer_key, device_token, seen_date
