-- Grain: one row a customer of tonight's snapshot: the outside score and debt (f38-f40), and a fact that no
-- scorecard uses: a new default. What was observed more than 400 days ago tells nothing.

with

night as (

    select * from {{ ref('stg_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

scores as (

    select * from {{ ref('stg_bureau_score') }}

),

observed as (

    select
        scores.customer_key,
        max_by(scores.score, scores.observed_date) as latest_score,
        max_by(
            scores.score,
            case
                when scores.observed_date <= {{ add_days('night.business_date', '-parameters.bureau_lag_days') }}
                    then scores.observed_date
            end
        ) as earlier_score,
        max_by(scores.external_debt_minor, scores.observed_date) as external_debt_minor,
        max_by(case when scores.has_new_default then 1 else 0 end, scores.observed_date) as has_new_default
    from scores
    cross join night
    cross join parameters
    where {{ in_window('scores.observed_date', 400) }}
    group by scores.customer_key

)

select
    customers.customer_key,
    observed.latest_score as f38_bureau_score,
    observed.latest_score - observed.earlier_score as f39_bureau_score_delta_90d,
    observed.external_debt_minor as f40_external_debt_minor,
    cast(observed.has_new_default as bigint) as bureau_has_new_default
from customers
left join observed on customers.customer_key = observed.customer_key
