-- Grain: one row business_date, account_key of the earlier nights that leave a window tonight; the latest version known.

with

night as (

    select * from {{ ref('stg_night') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}
    where is_main

),

account_links as (

    select * from {{ ref('stg_account_link') }}

),

versions as (
    {{ ranked_versions('account_snapshot_leaving', ['business_date', 'account_key']) }}
)

select
    versions.business_date,
    versions.account_key,
    -- the customer who owns that night's account now, if its customer then was merged or split
    coalesce(account_links.customer_key, links.customer_key, versions.customer_key) as customer_key,
    {{ to_minor('versions.principal_balance') }} as principal_minor
from versions
left join links on versions.customer_key = links.delivered_key
left join account_links
    on
        versions.customer_key = account_links.delivered_key
        and versions.account_key = account_links.account_key
        and versions.business_date < account_links.until_date
where versions.version_rank = 1
