-- Grain: one row a customer whose limit was cut, source and night about which a correction became known since, as the
-- valid night before carried it over; customers who are merged or split tonight have all of it.

with

carried as (

    select * from {{ source('state', 'correction') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

)

select distinct
    coalesce(moved.customer_key, carried.customer_key) as customer_key,
    carried.source,
    carried.corrected_date,
    carried.known_date
from carried
left join moved on carried.customer_key = moved.carried_key
