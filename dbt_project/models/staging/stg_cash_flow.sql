-- Grain: one row customer_key, flow_date, direction, kind; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'cash_flow') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.customer_key, delivered.flow_date, delivered.direction, delivered.kind
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.customer_key,
    versions.flow_date,
    versions.direction,
    versions.kind,
    {{ to_minor('versions.amount') }} as amount_minor,
    versions.event_count
from versions
where versions.version_rank = 1
