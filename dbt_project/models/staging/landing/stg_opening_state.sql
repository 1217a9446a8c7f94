-- Grain: one row business_date, account_key; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'opening_state') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.business_date, delivered.account_key
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.account_key,
    {{ to_minor('versions.reference_limit_amount') }} as reference_limit_minor,
    {{ to_minor('versions.pre_trigger_limit_amount') }} as pre_trigger_limit_minor,
    versions.trigger_code,
    versions.triggered_date,
    versions.frozen_until
from versions
where versions.version_rank = 1
