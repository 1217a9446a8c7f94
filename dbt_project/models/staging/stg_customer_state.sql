-- Grain: one row a customer and policy pack that the night before carried over: the points of its last trusted night.

with

carried as (

    select * from {{ source('state', 'customer') }}

)

select * from carried
