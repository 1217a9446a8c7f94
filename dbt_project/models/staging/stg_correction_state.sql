-- Grain: one row a customer whose limit was cut, source and night about which a correction became known since, as the
-- valid night before carried it over.

with

carried as (

    select * from {{ source('state', 'correction') }}

)

select
    customer_key,
    source,
    corrected_date,
    known_date
from carried
