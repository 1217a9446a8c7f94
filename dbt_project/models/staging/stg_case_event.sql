-- Grain: one row event_token; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'case_event') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.event_token
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.event_token,
    versions.kind,
    versions.account_key,
    versions.customer_key,
    versions.occurred_at,
    {{ to_minor('versions.amount') }} as amount_minor,
    versions.from_date,
    versions.to_date,
    versions.actor,
    versions.approver,
    versions.ground,
    versions.outcome,
    versions.local_date,
    versions.local_hour
from versions
where versions.version_rank = 1
