-- Grain: one row a customer and day on which security had frozen the customer.

with

carried as (

    select * from {{ source('state', 'blocked_day') }}

)

select
    customer_key,
    blocked_date
from carried
