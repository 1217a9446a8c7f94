-- Grain: one row an account with a recourse date and day from which on its score has to be at least so high.

with

carried as (

    select * from {{ source('state', 'promise_stage') }}

)

select * from carried
