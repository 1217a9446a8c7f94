-- Grain: one row a customer, pack and active trigger that the valid night before carried over.

with

carried as (

    select * from {{ source('state', 'trigger') }}

)

select * from carried
