-- Grain: one row an account with a recourse date that stood after the valid night before.

with

carried as (

    select * from {{ source('state', 'promise') }}

)

select * from carried
