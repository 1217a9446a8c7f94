-- Grain: one row a customer and night from which a reference limit held, as the night before carried it over.

with

carried as (

    select * from {{ source('state', 'reference_limit_step') }}

)

select
    customer_key,
    from_date,
    reference_limit_minor
from carried
