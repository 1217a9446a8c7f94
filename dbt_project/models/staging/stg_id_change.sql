-- Grain: one row kind, subject, old_key; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'id_change') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.kind, delivered.subject, delivered.old_key
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.kind,
    versions.subject,
    versions.old_key,
    versions.new_key,
    versions.effective_date
from versions
where versions.version_rank = 1
