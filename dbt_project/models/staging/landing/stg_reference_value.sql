-- Grain: one row business_date, name, legal_entity_code, as_of_date; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'reference_value') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.business_date, delivered.name, delivered.legal_entity_code, delivered.as_of_date
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.name,
    versions.legal_entity_code,
    versions.as_of_date,
    {{ to_minor('versions.value') }} as value_minor,
    versions.source
from versions
where versions.version_rank = 1
