-- Grain: one row a case that can still matter: it happened within 400 days, is the latest of its kind for its account or
-- customer or of an open request, still runs, is about a legal hold, or is a hardship pause that ended so late that it can
-- pause days past due of a night within the longest window.

with

night as (

    select * from {{ ref('stg_night') }}

),

outcomes as (

    select * from {{ ref('case_outcome') }}

),

ordered as (

    select
        all_cases.*,
        outcomes.is_open,
        row_number() over (
            partition by
                all_cases.kind,
                all_cases.account_key,
                case when all_cases.account_key is null then all_cases.customer_key end,
                case when all_cases.account_key is null then all_cases.filed_key end
            order by all_cases.occurred_at desc, all_cases.event_token desc
        ) as recency
    from {{ ref('stg_case_event') }} as all_cases
    inner join outcomes on coalesce(all_cases.outcome, 'received') = outcomes.outcome

),

cases as (

    select
        ordered.*,
        bool_or(ordered.recency = 1 and ordered.is_open) over (
            partition by
                ordered.kind,
                ordered.account_key,
                case when ordered.account_key is null then ordered.customer_key end,
                case when ordered.account_key is null then ordered.filed_key end
        ) as is_of_open_request
    from ordered

)

select
    cases.business_date,
    cases.batch_id,
    cases.known_at,
    cases.source_row,
    cases.event_token,
    cases.kind,
    cases.account_key,
    cases.customer_key,
    cases.filed_key,
    cases.occurred_at,
    cases.amount_minor,
    cases.from_date,
    cases.to_date,
    cases.actor,
    cases.approver,
    cases.ground,
    cases.outcome,
    cases.local_date,
    cases.local_hour
from cases
cross join night
where
    cases.local_date > {{ add_days('night.business_date', -400) }}
    or cases.recency = 1
    or cases.to_date >= night.business_date
    or (cases.kind in ('appeal', 'human_review', 'opt_out_automated') and cases.is_of_open_request)
    -- what ends a hold is kept as long as the hold
    or cases.kind = 'legal_hold'
    or (cases.kind = 'hardship_pause' and cases.to_date is null)
    or (cases.kind = 'hardship_pause' and cases.to_date > {{ add_days('night.business_date', -580) }})
