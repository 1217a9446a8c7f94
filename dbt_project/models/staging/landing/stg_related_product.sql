-- Grain: one row business_date, customer_key, product_code; the latest version known at the night's cut-off: carried
-- over, or new tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

products as {{ not_materialized() }} (

    select
        delivered.business_date,
        delivered.batch_id,
        delivered.known_at,
        delivered.source_row,
        coalesce(links.customer_key, delivered.customer_key) as customer_key,
        delivered.product_code,
        delivered.as_of_date,
        {{ to_minor('delivered.balance') }} as balance_minor,
        delivered.days_past_due
    from {{ source('raw', 'related_product') }} as delivered
    inner join night on delivered.known_at <= night.cut_off_at
    left join links on delivered.customer_key = links.delivered_key and delivered.business_date < links.until_date

    union all

    select
        carried.business_date,
        carried.batch_id,
        carried.known_at,
        carried.source_row,
        coalesce(moved.customer_key, carried.customer_key) as customer_key,
        carried.product_code,
        carried.as_of_date,
        carried.balance_minor,
        carried.days_past_due
    from {{ source('state', 'related_product') }} as carried
    left join moved on carried.customer_key = moved.carried_key

),

-- A file holds a product of an id once. So there is something to choose only on days that two files cover or that are
-- carried and read again, and for customers with two ids, renumbered or merged.
contested_days as (

    select business_date
    from (
        select distinct
            business_date,
            batch_id,
            true as is_delivered
        from {{ source('raw', 'related_product') }}

        union all

        select distinct
            business_date,
            '' as batch_id,
            false as is_delivered
        from {{ source('state', 'related_product') }}
    ) as files
    group by business_date
    having count(*) > 1

),

linked as (

    select customer_key from links

    union

    select customer_key from moved

),

again as (

    select
        products.business_date,
        products.customer_key,
        products.product_code
    from products
    left join contested_days on products.business_date = contested_days.business_date
    left join linked on products.customer_key = linked.customer_key
    where contested_days.business_date is not null or linked.customer_key is not null
    group by products.business_date, products.customer_key, products.product_code
    having count(*) > 1

),

versions as (

    select
        products.*,
        row_number() over (
            partition by products.business_date, products.customer_key, products.product_code
            order by products.known_at desc, products.batch_id desc, products.source_row desc
        ) as version_rank
    from products
    inner join again
        on
            products.business_date = again.business_date
            and products.customer_key = again.customer_key
            and products.product_code = again.product_code

)

select
    products.business_date,
    products.batch_id,
    products.known_at,
    products.source_row,
    products.customer_key,
    products.product_code,
    products.as_of_date,
    products.balance_minor,
    products.days_past_due
from products
left join again
    on
        products.business_date = again.business_date
        and products.customer_key = again.customer_key
        and products.product_code = again.product_code
where again.customer_key is null

union all

select
    versions.business_date,
    versions.batch_id,
    versions.known_at,
    versions.source_row,
    versions.customer_key,
    versions.product_code,
    versions.as_of_date,
    versions.balance_minor,
    versions.days_past_due
from versions
where versions.version_rank = 1
