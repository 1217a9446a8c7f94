-- Grain: one row business_date, customer_key, product_code; the latest version known at the night's cut-off: carried over, or new tonight.

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

delivered as (

    select
        products.business_date,
        products.batch_id,
        products.known_at,
        products.source_row,
        coalesce(links.customer_key, products.customer_key) as customer_key,
        products.product_code,
        products.as_of_date,
        products.balance,
        products.days_past_due
    from {{ source('raw', 'related_product') }} as products
    left join links on products.customer_key = links.delivered_key and products.business_date < links.until_date

),

carried as (

    select
        products.business_date,
        products.batch_id,
        products.known_at,
        products.source_row,
        coalesce(moved.customer_key, products.customer_key) as customer_key,
        products.product_code,
        products.as_of_date,
        products.balance_minor,
        products.days_past_due,
        moved.carried_key is not null as is_moved
    from {{ source('state', 'related_product') }} as products
    left join moved on products.customer_key = moved.carried_key

),

-- products that were delivered tonight, or of customers merged tonight, are few: all others go on as they were carried,
-- unsorted
contested as (

    select distinct
        business_date,
        customer_key,
        product_code
    from delivered

    union

    select
        business_date,
        customer_key,
        product_code
    from carried
    where is_moved

),

settled as (

    select carried.*
    from carried
    left join contested
        on
            carried.business_date = contested.business_date
            and carried.customer_key = contested.customer_key
            and carried.product_code = contested.product_code
    where contested.business_date is null

),

known as (

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        customer_key,
        product_code,
        as_of_date,
        {{ to_minor('balance') }} as balance_minor,
        days_past_due
    from delivered

    union all

    select
        carried.business_date,
        carried.batch_id,
        carried.known_at,
        carried.source_row,
        carried.customer_key,
        carried.product_code,
        carried.as_of_date,
        carried.balance_minor,
        carried.days_past_due
    from carried
    inner join contested
        on
            carried.business_date = contested.business_date
            and carried.customer_key = contested.customer_key
            and carried.product_code = contested.product_code

),

versions as (

    select
        known.*,
        row_number() over (
            partition by known.business_date, known.customer_key, known.product_code
            order by known.known_at desc, known.batch_id desc, known.source_row desc
        ) as version_rank
    from known
    inner join night on known.known_at <= night.cut_off_at

)

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

union all

select
    settled.business_date,
    settled.batch_id,
    settled.known_at,
    settled.source_row,
    settled.customer_key,
    settled.product_code,
    settled.as_of_date,
    settled.balance_minor,
    settled.days_past_due
from settled
