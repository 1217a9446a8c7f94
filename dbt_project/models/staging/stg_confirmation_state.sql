-- Grain: one row a customer and pack that the valid night before carried over: smoothed scores, points at the reference night.

with

carried as (

    select * from {{ source('state', 'confirmation') }}

)

select * from carried
