-- Grain: one row business_date, account_key of the customers whose windows tonight recomputes; the latest version
-- known. Customers are chosen before versions are ranked, so that a dense history is read only for these customers.

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

links as (

    select * from {{ ref('stg_customer_link') }}

),

account_links as (

    select * from {{ ref('stg_account_link') }}

),

wanted as (

    select customer_key from customers

    union

    select links.delivered_key as customer_key
    from links
    inner join customers on links.customer_key = customers.customer_key

),

-- the customer who owns that night's account now, if its customer then was merged or split
owned as (

    select
        delivered.*,
        coalesce(account_links.customer_key, links.customer_key, delivered.customer_key) as owner_key
    from delivered
    inner join wanted on delivered.customer_key = wanted.customer_key
    left join links on delivered.customer_key = links.delivered_key and links.is_main
    left join account_links
        on
            delivered.customer_key = account_links.delivered_key
            and delivered.account_key = account_links.account_key
            and delivered.business_date < account_links.until_date

),

versions as (

    select
        owned.business_date,
        owned.account_key,
        owned.owner_key as customer_key,
        owned.limit_amount,
        owned.principal_balance,
        owned.days_past_due,
        row_number() over (
            partition by owned.business_date, owned.account_key
            order by owned.known_at desc, owned.batch_id desc, owned.source_row desc
        ) as version_rank
    from owned
    inner join customers on owned.owner_key = customers.customer_key
    inner join night on owned.known_at <= night.cut_off_at

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
