-- Grain: one row, with one column a fact that the decision believes: may tonight's value be believed? One more column
-- says whether any fact may not. If the source of a fact is late, refused or stale, or its shares moved overnight as no
-- book moves, the fact keeps its value of the last trusted night.

with

features as (

    select * from {{ ref('feature') }}

),

sources as (

    select * from {{ ref('stg_night_source') }}

),

drifted as (

    select distinct feature
    from {{ ref('dec_feature_drift') }}
    where is_distrusted

)

select
    coalesce(
        bool_or((features.role = 'credit' or features.family = 'bureau') and (sources.is_distrusted or drifted.feature is not null)),
        false
    ) as is_any_distrusted,
{%- for fact in believed_facts() %}
    coalesce(
        bool_or(
            {%- if fact in scored_features() %}
            features.feature = '{{ fact }}' and (sources.is_distrusted or drifted.feature is not null)
            {%- else %}
            features.family = 'bureau' and sources.is_distrusted
            {%- endif %}
        ), false
    ) as {{ fact }}_is_distrusted{{ "," if not loop.last }}
{%- endfor %}
from features
inner join sources on features.source = sources.source
left join drifted on features.feature = drifted.feature
