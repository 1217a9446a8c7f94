-- Grain: one row a customer and device: when it was last seen before the week of new devices of the night before.

with

carried as (

    select * from {{ source('state', 'device') }}

)

select
    customer_key,
    device_token,
    last_date
from carried
