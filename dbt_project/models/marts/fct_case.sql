-- Grain: one row a case that is open tonight, or of which something became known since the night before, or that ended
-- since then. A closed case stands on one night with is_closed_tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

cases as (

    select * from {{ ref('dec_case') }}
    where is_open or is_changed_tonight or is_closed_tonight

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

-- the customers who were affected by the row that an appeal names as bad, as far as the row is corrected
hits as (

    select
        source,
        corrected_date,
        count(distinct customer_key) as customer_count
    from {{ ref('dec_overturned_evidence') }}
    group by source, corrected_date

)

select
    night.business_date,
    cases.case_id,
    cases.kind,
    cases.account_key,
    coalesce(cases.customer_key, accounts.customer_key) as customer_key,
    cases.state,
    cases.outcome,
    cases.ground,
    cases.is_open,
    cases.opened_date,
    cases.due_date,
    cases.closed_date,
    {{ days_between('cases.opened_date', 'coalesce(cases.closed_date, night.business_date)') }} as days_open,
    coalesce(cases.due_date < coalesce(cases.closed_date, night.business_date), false) as is_overdue,
    cases.is_changed_tonight,
    cases.is_closed_tonight,
    cases.recheck_result,
    cases.is_target_higher,
    cast(hits.customer_count as bigint) as hit_customer_count
from cases
cross join night
left join accounts on cases.account_key = accounts.account_key
left join hits on cases.ground = {{ bad_row_ground('hits.source', 'hits.corrected_date') }}
