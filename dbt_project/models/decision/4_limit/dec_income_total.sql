-- Grain: one row an account of tonight's snapshot and policy pack whose customer has several accounts of that pack, if
-- the income bounds at least one of them. It has the total of all these accounts, and the total up to this one in the
-- order of the keys.

{{ config(materialized='table') }}

with

budgeted as (

    select * from {{ ref('dec_budgeted_limit') }}
    where account_count > 1

),

measured as (

    select
        decision_key,
        customer_decision_key,
        account_key,
        restated_minor,
        {{ round_down('restated_minor', 'rounding_minor') }} as units_minor,
        max(case when not keeps_limit then income_multiple_bp end) over (partition by customer_decision_key)
            as customer_multiple_bp,
        -- an account without a multiple, or whose customer has no income, is neither bound nor counted
        not keeps_limit and income_multiple_bp is not null and coalesce(customer_income_monthly_minor > 0, false)
            as has_income_bound
    from budgeted

)

select
    decision_key,
    customer_multiple_bp,
    sum(restated_minor) over (partition by customer_decision_key) as restated_minor,
    sum(units_minor) over (partition by customer_decision_key) as units_minor,
    sum(units_minor) over (
        partition by customer_decision_key
        order by account_key rows between unbounded preceding and current row
    ) as units_so_far_minor
from measured
where has_income_bound
