-- Grain: one row instalment_token; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'instalment') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.instalment_token
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.instalment_token,
    versions.account_key,
    versions.instalment_no,
    versions.due_date,
    {{ to_minor('versions.due_amount') }} as due_minor,
    versions.paid_date,
    {{ to_minor('versions.paid_amount') }} as paid_minor,
    versions.is_reversed
from versions
where versions.version_rank = 1
