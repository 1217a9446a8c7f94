-- Grain: one row movement_token; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'account_movement') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.movement_token
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.movement_token,
    versions.account_key,
    versions.movement_date,
    versions.kind,
    {{ to_minor('versions.amount') }} as amount_minor
from versions
where versions.version_rank = 1
