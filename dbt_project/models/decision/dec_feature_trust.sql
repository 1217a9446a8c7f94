-- Grain: one row. One column a fact that the decision believes: may tonight's value be believed?
-- A fact of a source that is late, refused or stale keeps its value of the last trusted night instead.

with

features as (

    select * from {{ ref('feature') }}

),

sources as (

    select * from {{ ref('stg_night_source') }}

)

select
{%- for fact in believed_facts() %}
    coalesce(
        bool_or(sources.is_distrusted and (
            {%- if fact in scored_features() %} features.feature = '{{ fact }}'
            {%- else %} features.family = 'bureau'{% endif %})), false
    ) as {{ fact }}_is_distrusted{{ "," if not loop.last }}
{%- endfor %}
from features
inner join sources on features.source = sources.source
