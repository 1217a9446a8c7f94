-- Grain: one row a customer and policy pack: the row of dec_exposure with the points of each scored feature, and the facts that later
-- steps ask for.
-- A missing value has a bin, and points, of its own; a feature that the pack does not score has none.

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

features as (

    select * from {{ ref('dec_believed_feature') }}

),

known as (

    select customer_key from {{ ref('stg_customer_state') }}

),

scorecards as (

    select * from {{ ref('dec_scorecard_row') }}

)

select
    exposures.*,
    known.customer_key is null as is_new_customer,
    features.f01_dpd_now,
    features.f02_dpd_max_30d,
    features.f06_util_bp,
    features.f41_related_dpd_30d
    {%- for feature in scored_features() %},
    {{ scorecard_points(feature, 'features.' ~ feature, 'scorecards') }} as {{ feature }}_points
    {%- endfor %}
from exposures
inner join features on exposures.customer_key = features.customer_key
inner join scorecards on exposures.pack_number = scorecards.pack_number
left join known on exposures.customer_key = known.customer_key
