-- Grain: one row. One column a scored feature: may tonight's value be believed?
-- A feature of a source that is late, refused or stale keeps its points of the last trusted night instead.

with

features as (

    select * from {{ ref('feature') }}

),

sources as (

    select * from {{ ref('stg_night_source') }}

)

select
{%- for feature in scored_features() %}
    coalesce(bool_or(features.feature = '{{ feature }}' and sources.is_distrusted), false) as {{ feature }}_is_distrusted{{ "," if not loop.last }}
{%- endfor %}
from features
inner join sources on features.source = sources.source
