-- Grain: one row a customer and device: when it was last seen before the week of new devices of the night before.

with

carried as (

    select * from {{ source('state', 'device') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

)

select
    carried.customer_key,
    carried.device_token,
    carried.last_date
from carried
left join moved on carried.customer_key = moved.carried_key
where moved.carried_key is null

union all

select
    moved.customer_key,
    carried.device_token,
    max(carried.last_date) as last_date
from carried
inner join moved on carried.customer_key = moved.carried_key
group by moved.customer_key, carried.device_token
