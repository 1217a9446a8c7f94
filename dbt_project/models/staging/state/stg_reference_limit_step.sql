-- Grain: one row a customer and night from which a reference limit held, as the night before carried it over. There is
-- none for customers who are merged or split tonight: their past nights are judged by tonight's reference limit.

with

carried as (

    select * from {{ source('state', 'reference_limit_step') }}

),

moved as (

    select distinct carried_key from {{ ref('stg_moved_customer') }}

)

select
    carried.customer_key,
    carried.from_date,
    carried.reference_limit_minor
from carried
left join moved on carried.customer_key = moved.carried_key
where moved.carried_key is null
