-- Grain: one row a customer and policy pack: the facts as tonight may believe them, and the points of each scored feature.
-- A missing value has a bin, and points, of its own; a feature that the pack does not score has none.

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

features as (

    select * from {{ ref('dec_believed_feature') }}

),

scorecards as (

    select * from {{ ref('dec_scorecard_row') }}

)

select
    exposures.*,
    features.is_new_customer
    {%- for fact in believed_facts() %},
    features.{{ fact }}
    {%- endfor %}
    {%- for feature in scored_features() %},
    {{ scorecard_points(feature, 'features.' ~ feature, 'scorecards') }} as {{ feature }}_points
    {%- endfor %}
from exposures
inner join features on exposures.customer_key = features.customer_key
inner join scorecards on exposures.pack_number = scorecards.pack_number
