-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_strategy, whether the limit may not fall
-- tonight, and why, and whether a bound forbids it to rise.

with

strategies as (

    select * from {{ ref('dec_strategy') }}

),

case_events as (

    select * from {{ ref('stg_night_source') }}
    where source = 'case_event'

),

triggered as (

    select distinct customer_decision_key
    from {{ ref('dec_trigger') }}
    where not is_cured

)

select
    strategies.*,
    case
        when strategies.is_in_hardship then 'P2'
        when strategies.has_open_appeal then 'P3'
        when strategies.has_human_review then 'P4'
        when strategies.is_maintenance then 'G2'
        when strategies.is_first_night_of_pack then 'P5'
        when case_events.is_distrusted then 'G4'
    end as protection_code,
    coalesce({{ days_between('strategies.opened_date', 'strategies.business_date') }} < strategies.min_tenure_days
    or coalesce(strategies.f02_dpd_max_30d > strategies.max_days_past_due_30d, true)
    or (
        strategies.max_income_age_days is not null
        and coalesce(
            coalesce(strategies.income_monthly_minor, 0) <= 0
            or {{ days_between('strategies.income_as_of_date', 'strategies.business_date') }} > strategies.max_income_age_days,
            true
        )
    )
    or (strategies.is_consent_required and coalesce(strategies.raise_consent_code, 'unknown') <> 'opted_in')
    or triggered.customer_decision_key is not null, false) as is_raise_barred
from strategies
cross join case_events
left join triggered on strategies.customer_decision_key = triggered.customer_decision_key
