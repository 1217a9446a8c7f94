-- Grain: one row a policy pack, scored feature and bin: how many of the pack's customers have a delivered value in it
-- tonight. A feature whose source is distrusted is not counted. On a void night, nothing is counted.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

customers as (

    select
        exposures.policy_version,
        exposures.pack,
        features.*
    from {{ ref('dec_exposure') }} as exposures
    inner join {{ ref('ftr_customer') }} as features on exposures.customer_key = features.customer_key

),

value_counts as (
{% for feature in scored_features() %}
    select
        policy_version,
        pack,
        '{{ feature }}' as feature,
        coalesce({{ feature }}, {{ missing_marker() }}) as feature_value,
        count(*) as customer_count
    from customers
    group by policy_version, pack, coalesce({{ feature }}, {{ missing_marker() }})
{{ 'union all' if not loop.last }}
{%- endfor %}
),

bins as (

    select * from {{ ref('dec_scorecard_bin') }}

),

counted_features as (

    select names.feature
    from {{ ref('feature') }} as names
    inner join {{ ref('stg_night_source') }} as sources on names.source = sources.source
    where not sources.is_distrusted

)

select
    value_counts.policy_version,
    value_counts.pack,
    value_counts.feature,
    bins.lower_value,
    cast(sum(value_counts.customer_count) as bigint) as customer_count
from value_counts
inner join counted_features on value_counts.feature = counted_features.feature
inner join night on not night.is_void
inner join bins
    on
        value_counts.policy_version = bins.policy_version
        and value_counts.feature = bins.feature
        and value_counts.feature_value >= bins.lower_value
        and value_counts.feature_value < bins.upper_value
group by value_counts.policy_version, value_counts.pack, value_counts.feature, bins.lower_value
