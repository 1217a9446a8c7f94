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

within as (

    select
        products.*,
        roles.role,
        products.business_date = case
            when roles.role = 'credit' then night.business_date else {{ add_days('night.business_date', -30) }}
        end as is_newest
    from products
    inner join roles on products.product_code = roles.product_code
    inner join night
        on
            (roles.role = 'credit' and {{ in_window('products.business_date', 30) }})
            or (roles.role = 'savings' and {{ in_window('products.business_date', 60, 30) }})

),

-- customers who are missing from the newest night that could have them; these are few
unseen as (

    select
        older.customer_key,
        older.role,
        max(older.business_date) as last_date
    from within as older
    left join (select * from within where is_newest) as newest
        on older.customer_key = newest.customer_key and older.role = newest.role
    where not older.is_newest and newest.customer_key is null
    group by older.customer_key, older.role

)

select
    within.business_date,
    within.batch_id,
    within.known_at,
    within.source_row,
    within.customer_key,
    within.product_code,
    within.as_of_date,
    within.balance_minor,
    within.days_past_due
from within
left join unseen
    on
        within.customer_key = unseen.customer_key
        and within.role = unseen.role
        and within.business_date = unseen.last_date
where within.is_newest or (within.role = 'credit' and within.days_past_due > 0) or unseen.customer_key is not null
