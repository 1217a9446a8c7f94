-- Grain: one row a request that somebody has to answer (appeal, human review, no automated decision), as tonight knows
-- it. It begins with an event that opens it, and lasts until the next such event after it was closed. Requests about an
-- account and about its customer are separate (decision.md: protect). The days to answer are those of the packs that
-- decide the accounts concerned.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

kinds as (

    select * from {{ ref('case_kind') }}
    where is_answered

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

parameters as (

    select
        policy_version,
        param,
        min(cast(value as bigint)) as clock_days
    from {{ ref('stg_policy_regulatory_parameter') }}
    where param in (select clock_parameter from kinds)
    group by policy_version, param

),

events as (

    select
        threads.*,
        kinds.clock_parameter
    from {{ ref('dec_case_thread') }} as threads
    inner join kinds on threads.kind = kinds.kind

),

followed as (

    select
        *,
        lag(is_open) over thread as was_open
    from events
    window thread as (partition by kind, account_key, customer_key, thread_key order by occurred_at, event_token)

),

-- an event under the survivor's key that ends an open request of the merged customer
used as (

    select distinct event_token
    from followed
    where is_copy and was_open

),

answered as (

    select followed.*
    from followed
    left join used on followed.event_token = used.event_token
    -- such an event is no case of its own
    where coalesce(followed.was_open, false) or (not followed.is_copy and used.event_token is null)

),

numbered as (

    select
        *,
        sum(case when was_open is null or (is_open and not was_open) then 1 else 0 end) over (
            partition by kind, account_key, customer_key, thread_key
            order by occurred_at, event_token rows between unbounded preceding and current row
        ) as case_number
    from answered

),

placed as (

    select
        *,
        row_number() over (
            partition by kind, account_key, customer_key, thread_key, case_number order by occurred_at, event_token
        ) as place,
        row_number() over (
            partition by kind, account_key, customer_key, thread_key, case_number order by occurred_at desc, event_token desc
        ) as place_from_end,
        -- events after the answer (such as a restore after an overturned appeal) change the state, but not the end
        row_number() over (
            partition by kind, account_key, customer_key, thread_key, case_number, is_open order by occurred_at, event_token
        ) as place_of_its_sort
    from numbered

),

requests as (

    select
        kind,
        account_key,
        customer_key,
        thread_key,
        case_number,
        max(clock_parameter) as clock_parameter,
        max(case when place = 1 then event_token end) as case_id,
        max(case when place = 1 then local_date end) as opened_date,
        max(case when place_from_end = 1 then answered_state end) as state,
        max(case when place_from_end = 1 then outcome end) as outcome,
        max(case when place_from_end = 1 then ground end) as ground,
        bool_or(place_from_end = 1 and is_open) as is_open,
        max(case when place_of_its_sort = 1 and not is_open then local_date end) as closed_date,
        bool_or(place_of_its_sort = 1 and not is_open and is_new) as is_closed_tonight,
        bool_or(place = 1 and is_new) as is_received_tonight,
        bool_or(is_new) as is_changed_tonight
    from placed
    group by kind, account_key, customer_key, thread_key, case_number

),

clocks as (

    select
        requests.case_id,
        min(parameters.clock_days) as clock_days
    from requests
    inner join accounts on requests.account_key = accounts.account_key
    inner join parameters
        on accounts.policy_version = parameters.policy_version and requests.clock_parameter = parameters.param
    group by requests.case_id

    union all

    select
        requests.case_id,
        min(parameters.clock_days) as clock_days
    from requests
    inner join accounts on requests.customer_key = accounts.customer_key
    inner join parameters
        on accounts.policy_version = parameters.policy_version and requests.clock_parameter = parameters.param
    group by requests.case_id

),

-- if tonight's snapshot leaves an account out, its pack is unknown, so the shortest clock counts
house_clocks as (

    select
        param,
        min(clock_days) as clock_days
    from parameters
    group by param

)

select
    requests.case_id,
    requests.kind,
    requests.account_key,
    requests.customer_key,
    requests.opened_date,
    requests.closed_date,
    {{ add_days('requests.opened_date', 'coalesce(clocks.clock_days, house_clocks.clock_days)') }} as due_date,
    requests.state,
    requests.outcome,
    requests.ground,
    requests.is_open,
    requests.is_received_tonight,
    requests.is_changed_tonight and not night.is_void as is_changed_tonight,
    requests.is_closed_tonight and not night.is_void as is_closed_tonight
from requests
cross join night
left join clocks on requests.case_id = clocks.case_id
left join house_clocks on requests.clock_parameter = house_clocks.param
