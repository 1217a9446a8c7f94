-- Grain: one row a policy pack: its whole scorecard laid out, for each scored feature the points of its bins and the upper edges
-- between them, so that a value finds its bin by plain comparisons. Bins that a feature does not have lie above every value.

{{ config(materialized='table') }}

with

bins as (

    select
        *,
        row_number() over (partition by policy_version, feature, is_missing order by lower_value) as bin_number
    from {{ ref('dec_scorecard_bin') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

)

select
    packs.pack_number
    {%- for feature in scored_features() %},
    coalesce(max(case when bins.feature = '{{ feature }}' and bins.is_missing then bins.points end), 0)
        as {{ feature }}_points_missing
    {%- for number in range(1, max_bins() + 1) %},
    coalesce(
        max(case when bins.feature = '{{ feature }}' and not bins.is_missing and bins.bin_number = {{ number }} then bins.points end),
        0
    ) as {{ feature }}_points_{{ number }}
    {%- if not loop.last %},
    coalesce(
        max(case when bins.feature = '{{ feature }}' and not bins.is_missing and bins.bin_number = {{ number }} then bins.upper_value end),
        {{ highest_value() }}
    ) as {{ feature }}_upper_{{ number }}
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
from packs
left join bins on packs.policy_version = bins.policy_version
group by packs.pack_number
