-- Grain: one row business_date, account_key of the earlier nights that leave a window tonight; the latest version known.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'account_snapshot_leaving') }}

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
    versions.customer_key,
    {{ to_minor('versions.principal_balance') }} as principal_minor
from versions
where versions.version_rank = 1
