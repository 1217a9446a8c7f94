-- Grain: one row a case that can still matter: it happened within 400 days, or is a hardship pause that does not end or
-- ended so late that it can pause days past due of a night within the longest window.

with

night as (

    select * from {{ ref('stg_night') }}

),

cases as (

    select * from {{ ref('stg_case_event') }}

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
    or (
        cases.kind = 'hardship_pause'
        and (cases.to_date is null or cases.to_date > {{ add_days('night.business_date', -580) }})
    )
