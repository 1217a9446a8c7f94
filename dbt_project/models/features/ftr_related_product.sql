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

products as (

    select * from {{ ref('stg_related_product') }}

),

roles as (

    select * from {{ ref('related_product_role') }}

),

customer_days as (

    select
        products.customer_key,
        products.business_date,
        max(case when roles.role = 'credit' then products.days_past_due end) as credit_days_past_due,
        sum(case when roles.role = 'savings' then products.balance_minor end) as savings_minor
    from products
    inner join roles on products.product_code = roles.product_code
    inner join night on products.business_date <= night.business_date
    group by products.customer_key, products.business_date

),

windows as (

    select
        customer_days.customer_key,
        max(case when {{ in_window('customer_days.business_date', 30) }} then credit_days_past_due end) as related_dpd_30d,
        max(case when {{ in_window('customer_days.business_date', 1) }} then savings_minor end) as savings_minor,
        -- a day on which no savings were delivered says nothing about them
        max_by(
            savings_minor,
            case
                when savings_minor is not null and {{ in_window('customer_days.business_date', 60, 30) }}
                    then customer_days.business_date
            end
        ) as savings_month_ago_minor
    from customer_days
    cross join night
    group by customer_days.customer_key

)

select
    customers.customer_key,
    cast({{ when_covered('windows.related_dpd_30d', 30) }} as bigint) as f41_related_dpd_30d,
    {{ bp('windows.savings_minor', 'windows.savings_month_ago_minor') }} as f42_savings_30d_bp
from customers
cross join night
cross join coverage
left join windows on customers.customer_key = windows.customer_key
