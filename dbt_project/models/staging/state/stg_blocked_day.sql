-- Grain: one row a customer and day on which security had frozen the customer.

with

carried as (

    select * from {{ source('state', 'blocked_day') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

)

select distinct
    coalesce(moved.customer_key, carried.customer_key) as customer_key,
    carried.blocked_date
from carried
left join moved on carried.customer_key = moved.carried_key
