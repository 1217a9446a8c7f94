-- Grain: one row night, customer and related product that can still matter: a credit product past due within 30 days or
-- seen last within them, and savings of the night that stands for a month ago. Savings of later nights are read again
-- from the few nights that become a month old.

with

night as (

    select * from {{ ref('stg_night') }}

),

products as (

    select * from {{ ref('stg_related_product') }}

),

roles as (

    select * from {{ ref('related_product_role') }}

),

dated as (

    select
        products.*,
        roles.role,
        max(products.business_date) over (partition by products.customer_key, roles.role) as last_date,
        max(case when {{ in_window('products.business_date', 60, 30) }} then products.business_date end)
            over (partition by products.customer_key, roles.role) as month_ago_date
    from products
    inner join roles on products.product_code = roles.product_code
    inner join night on products.business_date <= night.business_date

)

select
    dated.business_date,
    dated.batch_id,
    dated.known_at,
    dated.source_row,
    dated.customer_key,
    dated.product_code,
    dated.as_of_date,
    dated.balance_minor,
    dated.days_past_due
from dated
cross join night
where
    (
        dated.role = 'credit'
        and {{ in_window('dated.business_date', 30) }}
        and (dated.days_past_due > 0 or dated.business_date = dated.last_date)
    )
    or (dated.role = 'savings' and dated.business_date = dated.month_ago_date)
