-- Grain: one row an account of tonight's snapshot about which a case stands (decision.md: protect, override, own
-- maximum, legal hold). Cases of a customer count for each of the customer's accounts.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

events as (

    select
        threads.*,
        coalesce(threads.from_date, threads.local_date) <= night.business_date
        and coalesce(threads.to_date, night.business_date) >= night.business_date as is_running,
        threads.from_date is not null and threads.to_date is not null as is_bounded
    from {{ ref('dec_case_thread') }} as threads
    cross join night

),

ordered as (

    select
        *,
        -- a withdrawal ends everything before it
        sum(case when outcome = 'withdrawn' then 1 else 0 end) over (
            partition by kind, account_key, customer_key, thread_key
            order by occurred_at desc, event_token desc rows between unbounded preceding and current row
        ) as withdrawals_since
    from events

),

relevant as (

    select
        *,
        row_number() over (partition by kind, account_key, customer_key, thread_key order by occurred_at desc, event_token desc)
            as recency
    from ordered
    where
        kind <> 'override'
        or (is_running and is_bounded and amount_minor is not null and is_approved and withdrawals_since = 0)

),

standing as (

    select * from relevant
    where
        (kind in ('appeal', 'human_review', 'opt_out_automated') and recency = 1 and is_open)
        or (kind in ('limit_request', 'override') and recency = 1 and outcome <> 'withdrawn')
        or (kind = 'hardship_pause' and is_running and outcome <> 'withdrawn')
        or (kind = 'legal_hold' and is_running and withdrawals_since = 0)

),

concerned as (

    select
        accounts.account_key,
        standing.kind,
        standing.amount_minor,
        true as is_of_account
    from accounts
    inner join standing on accounts.account_key = standing.account_key

    union all

    select
        accounts.account_key,
        standing.kind,
        standing.amount_minor,
        false as is_of_account
    from accounts
    inner join standing on accounts.customer_key = standing.customer_key

)

select
    account_key,
    bool_or(kind = 'hardship_pause') as is_in_hardship,
    bool_or(kind = 'appeal') as has_open_appeal,
    bool_or(kind in ('human_review', 'opt_out_automated')) as has_human_review,
    bool_or(kind = 'legal_hold') as is_legal_hold,
    max(case when kind = 'override' and is_of_account then amount_minor end) as override_minor,
    -- if two people asked for a maximum before they were merged, the lower one counts
    min(case when kind = 'limit_request' and is_of_account then amount_minor end) as own_maximum_minor,
    min(case when kind = 'limit_request' and not is_of_account then amount_minor end) as customer_maximum_minor
from concerned
group by account_key
