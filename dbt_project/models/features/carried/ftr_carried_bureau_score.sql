-- Grain: one row an outside observation that can still matter: it is younger than the lag, or is the latest one before
-- it.

with

night as (

    select * from {{ ref('stg_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

scores as (

    select
        observed.*,
        observed.observed_date > {{ add_days('night.business_date', '-parameters.bureau_lag_days') }} as is_within_lag
    from {{ ref('stg_bureau_score') }} as observed
    cross join night
    cross join parameters
    where observed.observed_date > {{ add_days('night.business_date', -400) }}

),

ranked as (

    select
        scores.*,
        row_number() over (
            partition by scores.customer_key, scores.is_within_lag
            order by scores.observed_date desc
        ) as recency_rank
    from scores

)

select
    ranked.business_date,
    ranked.batch_id,
    ranked.known_at,
    ranked.source_row,
    ranked.customer_key,
    ranked.observed_date,
    ranked.score,
    ranked.external_debt_minor,
    ranked.has_new_default
from ranked
where ranked.is_within_lag or ranked.recency_rank = 1
