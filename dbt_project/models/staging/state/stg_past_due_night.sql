-- Grain: one row a customer and night past due, as the night before carried it over.

with

carried as (

    select * from {{ source('state', 'past_due_night') }}

)

select
    customer_key,
    business_date,
    days_past_due
from carried
