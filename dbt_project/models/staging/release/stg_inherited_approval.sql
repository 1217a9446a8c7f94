-- Grain: one row a customer, pack and inherited trigger that two people approved since the valid night before.

with

approved as (

    select * from {{ source('release', 'inherited_trigger') }}

)

select distinct
    customer_key,
    pack,
    trigger_code
from approved
