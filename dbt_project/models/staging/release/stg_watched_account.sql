-- Grain: one row an account whose last freeze or restore since the night before was decided left between nights.

with

released as (

    select * from {{ ref('stg_released_security') }}

)

select
    account_key,
    max_by(action, sequence) = 'FREEZE' as is_overlaid
from released
group by account_key
having max_by(is_of_watch, sequence)
