-- Grain: one row a customer of tonight's snapshot: arrears and savings with related products (f41, f42),
-- by the night that delivered them.

with

night as (

    select * from {{ ref('stg_night') }}

),

coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'related_product'

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

kept as (

    select
        products.customer_key,
        products.business_date,
        products.balance_minor,
        products.days_past_due,
        roles.role
    from {{ ref('ftr_carried_related_product') }} as products
    inner join {{ ref('related_product_role') }} as roles on products.product_code = roles.product_code

),

credit as (

    select
        customer_key,
        max(days_past_due) as related_dpd_30d
    from kept
    where role = 'credit'
    group by customer_key

),

savings as (

    select
        products.customer_key,
        sum(products.balance_minor) as savings_minor
    from {{ ref('stg_related_product') }} as products
    inner join {{ ref('related_product_role') }} as roles on products.product_code = roles.product_code
    inner join night on products.business_date = night.business_date
    where roles.role = 'savings'
    group by products.customer_key

),

savings_month_ago as (

    select
        customer_key,
        sum(balance_minor) as savings_month_ago_minor
    from kept
    where role = 'savings'
    group by customer_key

)

select
    customers.customer_key,
    cast({{ when_covered('credit.related_dpd_30d', 30) }} as bigint) as f41_related_dpd_30d,
    {{ bp('savings.savings_minor', 'savings_month_ago.savings_month_ago_minor') }} as f42_savings_30d_bp
from customers
cross join night
cross join coverage
left join credit on customers.customer_key = credit.customer_key
left join savings on customers.customer_key = savings.customer_key
left join savings_month_ago on customers.customer_key = savings_month_ago.customer_key
