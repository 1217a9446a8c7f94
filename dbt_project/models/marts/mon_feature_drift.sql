-- Grain: one row a night, policy version and scored feature that could be compared with the night before.

with

night as (

    select * from {{ ref('stg_night') }}

),

drifts as (

    select * from {{ ref('dec_feature_drift') }}

)

select
    night.business_date,
    drifts.policy_version,
    drifts.feature,
    drifts.customer_count,
    drifts.variation_bp,
    drifts.is_distrusted
from drifts
cross join night
