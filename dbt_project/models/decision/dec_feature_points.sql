-- Grain: one row a customer and policy pack; one column of points a scored feature.
-- A missing value has a bin, and points, of its own. A distrusted feature keeps the points that the customer carries.

{{ config(materialized='table') }}

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

features as (

    select * from {{ ref('ftr_customer') }}

),

trust as (

    select * from {{ ref('dec_feature_trust') }}

),

carried as (

    select * from {{ ref('stg_customer_state') }}

),

scorecard as (

    select * from {{ ref('dec_scorecard_bin') }}

),

believed as (

    select
        exposures.customer_key,
        exposures.policy_version
        {%- for feature in scored_features() %},
        coalesce(
            case when not trust.{{ feature }}_is_distrusted then features.{{ feature }} end, {{ missing_marker() }}
        ) as {{ feature }},
        case when trust.{{ feature }}_is_distrusted then carried.{{ feature }}_points end as {{ feature }}_carried
        {%- endfor %}
    from exposures
    inner join features on exposures.customer_key = features.customer_key
    cross join trust
    left join carried
        on
            exposures.customer_key = carried.customer_key
            and exposures.policy_version = carried.policy_version

)

select
    believed.customer_key,
    believed.policy_version
    {%- for feature in scored_features() %},
    coalesce(believed.{{ feature }}_carried, bin_{{ loop.index }}.points, 0) as {{ feature }}_points
    {%- endfor %}
from believed
{%- for feature in scored_features() %}
left join scorecard as bin_{{ loop.index }}
    on
        believed.policy_version = bin_{{ loop.index }}.policy_version
        and bin_{{ loop.index }}.feature = '{{ feature }}'
        and believed.{{ feature }} >= bin_{{ loop.index }}.lower_value
        and believed.{{ feature }} < bin_{{ loop.index }}.upper_value
{%- endfor %}
