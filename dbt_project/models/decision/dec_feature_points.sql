-- Grain: one row a customer and policy pack; one column of points a scored feature.
-- A missing value has a bin, and points, of its own; a feature that the pack does not score has none.

{{ config(materialized='table') }}

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

features as (

    select * from {{ ref('dec_believed_feature') }}

),

scorecard as (

    select * from {{ ref('dec_scorecard_bin') }}

),

values_to_score as (

    select
        exposures.customer_key,
        exposures.policy_version
        {%- for feature in scored_features() %},
        coalesce(features.{{ feature }}, {{ missing_marker() }}) as {{ feature }}
        {%- endfor %}
    from exposures
    inner join features on exposures.customer_key = features.customer_key

)

select
    values_to_score.customer_key,
    values_to_score.policy_version
    {%- for feature in scored_features() %},
    coalesce(bin_{{ loop.index }}.points, 0) as {{ feature }}_points
    {%- endfor %}
from values_to_score
{%- for feature in scored_features() %}
left join scorecard as bin_{{ loop.index }}
    on
        values_to_score.policy_version = bin_{{ loop.index }}.policy_version
        and bin_{{ loop.index }}.feature = '{{ feature }}'
        and values_to_score.{{ feature }} >= bin_{{ loop.index }}.lower_value
        and values_to_score.{{ feature }} < bin_{{ loop.index }}.upper_value
{%- endfor %}
