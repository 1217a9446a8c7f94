-- Grain: one row business_date, ledger_code, legal_entity_code, currency_code; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'gl_balance') }}

),

versions as (

    select
        delivered.*,
        row_number() over (
            partition by delivered.business_date, delivered.ledger_code, delivered.legal_entity_code, delivered.currency_code
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.ledger_code,
    versions.legal_entity_code,
    versions.currency_code,
    {{ to_minor('versions.balance') }} as balance_minor
from versions
where versions.version_rank = 1
