-- Grain: one row business_date, customer_key, product_code; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'related_product') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.business_date, delivered.customer_key, delivered.product_code
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.customer_key,
    versions.product_code,
    versions.as_of_date,
    {{ to_minor('versions.balance') }} as balance_minor,
    versions.days_past_due
from versions
where versions.version_rank = 1
