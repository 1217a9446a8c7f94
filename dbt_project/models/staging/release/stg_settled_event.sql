-- Grain: one row a source and suspicious event that a watch between nights knew when it froze or restored the customer.
-- If a delivery brings such an event again, the event is no longer new.

with

watches as (

    select
        customer_key,
        max(watched_at) as watched_at
    from {{ ref('stg_released_security') }}
    where movement in ('FREEZE', 'EXTEND', 'RESTORE')
    group by customer_key

),

events as (

    select
        'session' as source_name,
        event_token,
        customer_key,
        known_at
    from {{ source('raw', 'session') }}

    union all

    select
        'profile_change' as source_name,
        event_token,
        customer_key,
        known_at
    from {{ source('raw', 'profile_change') }}

)

select
    events.source_name,
    events.event_token
from events
inner join watches on events.customer_key = watches.customer_key and events.known_at <= watches.watched_at
group by events.source_name, events.event_token
