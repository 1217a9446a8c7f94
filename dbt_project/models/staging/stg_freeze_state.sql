-- Grain: one row a customer and pack that was frozen after the valid night before.

with

carried as (

    select * from {{ source('state', 'freeze') }}

)

select * from carried
