-- Grain: one row a delivery that the valid night before did not have.

with

batches as (

    select * from {{ source('run', 'new_batch') }}

)

select batch_id
from batches
