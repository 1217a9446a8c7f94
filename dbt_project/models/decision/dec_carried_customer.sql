-- Grain: one row a customer and policy pack: what tonight hands to the next night.

with

points as (

    select * from {{ ref('dec_feature_points') }}

),

scores as (

    select * from {{ ref('dec_score') }}

)

select
    points.*,
    scores.score,
    scores.band
from points
inner join scores on points.customer_key = scores.customer_key and points.policy_version = scores.policy_version
