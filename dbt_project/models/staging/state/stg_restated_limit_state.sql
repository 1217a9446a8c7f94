-- Grain: one row an account to which the valid night before still owed a limit because of a restatement.

with

carried as (

    select * from {{ source('state', 'restated_limit') }}

)

select
    account_key,
    restated_limit_minor
from carried
