-- Grain: one row event_token and customer; the latest version known at the night's cut-off. Of a split both sides have it.

with

night as (

    select * from {{ ref('stg_night') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}

),

versions as (
    {{ ranked_versions('profile_change', ['event_token'], once_a_file=true) }}
)

select
    versions.business_date,
    versions.event_token,
    coalesce(links.customer_key, versions.customer_key) as customer_key,
    versions.changed_at,
    versions.field,
    versions.local_date,
    versions.local_hour
from versions
left join links on versions.customer_key = links.delivered_key and versions.business_date < links.until_date
where versions.version_rank = 1
