-- Grain: one row a customer that the night before carried over: the scored features as it believed them.

with

carried as (

    select * from {{ source('state', 'customer') }}

)

select * from carried
