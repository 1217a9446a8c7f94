-- Grain: one row a case event and thread that it belongs to. A thread has the events of one kind about one account, or
-- about one customer. Events about a customer before a merge stay a thread of their own, because an answer to one
-- person does not answer the other. From the merge on, an answer, a withdrawal or an own maximum of the survivor counts
-- in all of the survivor's threads (is_copy). The same is true of threads that a split copied.

{{ config(materialized='table') }}

with

cases as (

    select * from {{ ref('stg_case_event') }}

),

outcomes as (

    select * from {{ ref('case_outcome') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}

),

new_batches as (

    select * from {{ ref('stg_new_batch') }}

),

events as (

    select
        cases.event_token,
        cases.kind,
        cases.account_key,
        case when cases.account_key is null then cases.customer_key end as customer_key,
        case when cases.account_key is null then cases.filed_key end as filed_key,
        cases.occurred_at,
        cases.local_date,
        cases.amount_minor,
        cases.from_date,
        cases.to_date,
        cases.ground,
        outcomes.outcome,
        outcomes.state as answered_state,
        outcomes.is_open,
        {{ is_approved_by_second_person('cases.actor', 'cases.approver') }} as is_approved,
        new_batches.batch_id is not null as is_new
    from cases
    inner join outcomes on coalesce(cases.outcome, 'received') = outcomes.outcome
    left join new_batches on cases.batch_id = new_batches.batch_id

),

moved_threads as (

    select distinct
        events.kind,
        events.customer_key,
        events.filed_key,
        coalesce(links.merged_date, links.changed_date) as moved_date,
        links.first_merged_key,
        links.first_merged_date
    from events
    inner join links on events.customer_key = links.customer_key and events.filed_key = links.delivered_key
    where events.filed_key <> events.customer_key

),

-- the key, and the first day, of events that also count for what had been told before
followed_threads as (

    select kind, customer_key, filed_key, customer_key as told_key, moved_date as from_date from moved_threads

    union

    select kind, customer_key, filed_key, first_merged_key as told_key, first_merged_date as from_date from moved_threads
    where first_merged_key is not null

)

select
    events.*,
    events.filed_key as thread_key,
    false as is_copy
from events

union all

select
    events.*,
    followed_threads.filed_key as thread_key,
    true as is_copy
from events
inner join followed_threads
    on
        events.kind = followed_threads.kind
        and events.customer_key = followed_threads.customer_key
        and events.filed_key = followed_threads.told_key
where
    events.local_date >= followed_threads.from_date
    and (not events.is_open or events.kind = 'limit_request')
