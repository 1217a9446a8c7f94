-- Grain: one row an account and kind of agreement whose outcome the valid night before was waiting for.

with

carried as (

    select * from {{ source('state', 'parallel_case') }}

)

select * from carried
