-- Grain: one row a case that can still matter: it happened within 400 days, is the latest of its kind for its account or
-- customer or of an open request, still runs or took back what would run, is about a legal hold, or is a hardship pause that
-- ended so late that it can pause days past due of a night within the longest window.

with

night as (

    select * from {{ ref('stg_night') }}

),

outcomes as (

    select * from {{ ref('case_outcome') }}

),

kinds as (

    select * from {{ ref('case_kind') }}

),

{%- set subject -%}
    kind, account_key, case when account_key is null then customer_key end, case when account_key is null then filed_key end
{%- endset %}

ordered as (

    select
        all_cases.*,
        outcomes.is_open,
        row_number() over (
            partition by {{ subject }}
            order by all_cases.occurred_at desc, all_cases.event_token desc
        ) as recency
    from {{ ref('stg_case_event') }} as all_cases
    inner join outcomes on coalesce(all_cases.outcome, 'received') = outcomes.outcome

),

cases as (

    select
        ordered.*,
        bool_or(ordered.recency = 1 and ordered.is_open) over (partition by {{ subject }}) as is_of_open_request,
        bool_or(ordered.to_date >= night.business_date) over (partition by {{ subject }}) as has_running
    from ordered
    cross join night

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
left join kinds on cases.kind = kinds.kind
where
    cases.local_date > {{ add_days('night.business_date', -400) }}
    or cases.recency = 1
    or cases.to_date >= night.business_date
    or (kinds.is_answered and cases.is_of_open_request)
    or (cases.outcome = 'withdrawn' and cases.has_running)
    -- the event that ends a hold is kept as long as the hold
    or cases.kind = 'legal_hold'
    or (cases.kind = 'hardship_pause' and cases.to_date is null)
    or (cases.kind = 'hardship_pause' and cases.to_date > {{ add_days('night.business_date', -580) }})
