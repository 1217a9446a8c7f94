-- Grain: one row a case, as tonight knows it: requests that somebody answers, and cases that stand by their dates.

{{ config(materialized='table') }}

with

requests as (

    select * from {{ ref('dec_request') }}

),

standing as (

    select * from {{ ref('dec_standing_case') }}

),

rechecks as (

    select
        case_id,
        case when bool_or(verdict in ('BETTER', 'CHANGED')) then 'FACTS_CHANGED' else 'FACTS_STAND' end as result,
        bool_or(is_target_higher) as is_target_higher
    from {{ ref('dec_appeal_recheck') }}
    group by case_id

),

cases as (

    select
        case_id, kind, account_key, customer_key, opened_date, closed_date, due_date, state, outcome, ground,
        true as is_answered, is_open, is_changed_tonight, is_closed_tonight
    from requests

    union all

    select
        case_id, kind, account_key, customer_key, opened_date, closed_date, cast(null as date) as due_date, state, outcome,
        ground, false as is_answered, is_open, is_changed_tonight, is_closed_tonight
    from standing

)

select
    cases.case_id,
    cases.kind,
    cases.account_key,
    cases.customer_key,
    cases.opened_date,
    cases.closed_date,
    cases.due_date,
    case when cases.state = 'RECEIVED' and rechecks.case_id is not null then 'RECHECKED' else cases.state end as state,
    cases.outcome,
    cases.ground,
    cases.is_answered,
    cases.is_open,
    cases.is_changed_tonight,
    cases.is_closed_tonight,
    rechecks.result as recheck_result,
    rechecks.is_target_higher
from cases
left join rechecks on cases.case_id = rechecks.case_id
