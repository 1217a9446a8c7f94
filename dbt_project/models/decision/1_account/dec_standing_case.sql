-- Grain: one row a case that stands by its dates (override, hardship pause, the customer's own maximum, legal hold), as
-- tonight knows it: one case event each. decision.md says what an override needs, and what a withdrawal ends.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

kinds as (

    select * from {{ ref('case_kind') }}
    where not is_answered

),

events as (

    select
        threads.*,
        coalesce(threads.from_date, threads.local_date) as starts_on_date,
        threads.kind = 'override'
        and not (
            threads.from_date is not null
            and threads.to_date is not null
            and threads.amount_minor is not null
            and threads.is_approved
        ) as is_refused
    from {{ ref('dec_case_thread') }} as threads
    inner join kinds on threads.kind = kinds.kind

),

-- the next event of its kind and subject that ends it: a withdrawal, or for own maxima any later event
followed as (

    select
        *,
        case
            when kind in ('override', 'legal_hold')
                then min(case when outcome = 'withdrawn' then local_date end) over later
            when kind = 'limit_request' then min(local_date) over later
        end as ended_date,
        case
            when kind in ('override', 'legal_hold')
                then sum(case when outcome = 'withdrawn' and not is_new then 1 else 0 end) over later
            else sum(case when not is_new then 1 else 0 end) over later
        end as endings_before_tonight
    from events
    window later as (
        partition by kind, account_key, customer_key, thread_key
        order by occurred_at, event_token rows between 1 following and unbounded following
    )

),

judged as (

    select
        followed.*,
        night.business_date,
        night.previous_business_date,
        night.is_void,
        case
            when followed.outcome = 'withdrawn' then 'WITHDRAWN'
            when followed.is_refused then 'REFUSED'
            when followed.ended_date is not null and followed.kind = 'limit_request' then 'REPLACED'
            when followed.ended_date is not null then 'WITHDRAWN'
            when followed.to_date < night.business_date and followed.kind <> 'limit_request' then 'ENDED'
            when followed.starts_on_date > night.business_date and followed.kind <> 'limit_request' then 'SCHEDULED'
            else 'RUNNING'
        end as state
    from followed
    cross join night

)

select
    event_token as case_id,
    kind,
    account_key,
    customer_key,
    local_date as opened_date,
    case
        when state in ('RUNNING', 'SCHEDULED') then null
        when state = 'ENDED' then to_date
        else coalesce(ended_date, local_date)
    end as closed_date,
    state,
    outcome,
    ground,
    state in ('RUNNING', 'SCHEDULED') as is_open,
    not is_void and is_new as is_changed_tonight,
    not is_void
    and state not in ('RUNNING', 'SCHEDULED')
    and (
        is_new
        or (ended_date is not null and coalesce(endings_before_tonight, 0) = 0)
        or (state = 'ENDED' and to_date >= previous_business_date)
    ) as is_closed_tonight
from judged
-- a withdrawal is no case of its own, but a pause is withdrawn by a later version of its own event
where not is_copy and (outcome <> 'withdrawn' or kind = 'hardship_pause')
