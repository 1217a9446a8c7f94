-- Grain: one row customer_key, observed_date; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'bureau_score') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.customer_key, delivered.observed_date
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.customer_key,
    versions.observed_date,
    versions.score,
    {{ to_minor('versions.external_debt_amount') }} as external_debt_minor,
    versions.has_new_default
from versions
where versions.version_rank = 1
