-- Grain: one row notice_id; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'notice_receipt') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.notice_id
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.notice_id,
    versions.channel,
    versions.sent_at,
    versions.status,
    versions.local_date,
    versions.local_hour
from versions
where versions.version_rank = 1
