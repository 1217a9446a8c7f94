-- Grain: one row business_date, account_key of the customers whose windows tonight recomputes; the latest version known.
-- Customers are chosen before versions are ranked: of dense history only what they need is read.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'account_snapshot_history') }}

),

customers as (

    select * from {{ ref('stg_recomputed_customer') }}

),

versions as (

    select
        delivered.business_date,
        delivered.account_key,
        delivered.customer_key,
        delivered.limit_amount,
        delivered.principal_balance,
        delivered.days_past_due,
        row_number() over (
            partition by delivered.business_date, delivered.account_key
            order by delivered.known_at desc, delivered.batch_id desc, delivered.source_row desc
        ) as version_rank
    from delivered
    inner join customers on delivered.customer_key = customers.customer_key
    inner join night on delivered.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.account_key,
    versions.customer_key,
    {{ to_minor('versions.limit_amount') }} as limit_minor,
    {{ to_minor('versions.principal_balance') }} as principal_minor,
    versions.days_past_due
from versions
where versions.version_rank = 1
