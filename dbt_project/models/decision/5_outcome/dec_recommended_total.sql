-- Grain: one row an account of tonight's snapshot and policy pack that shares a bound with others: the customer's total
-- under the income bound and under the customer's own maximum.

{{ config(materialized='table') }}

with

limits as (

    select * from {{ ref('dec_recommendation') }}
    where account_count > 1 or customer_maximum_minor is not null

)

select
    decision_key,
    sum(case when customer_income_bound_minor is not null then recommended_minor end)
        over (partition by customer_decision_key) as income_recommended_minor,
    sum(case when customer_maximum_minor is not null then recommended_minor end)
        over (partition by customer_key, is_assigned, keeps_limit) as maximum_recommended_minor
from limits
