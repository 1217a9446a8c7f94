-- Grain: one row a customer key that was ever merged or split and customer who has its rows; kept for good.

with

links as (

    select * from {{ ref('stg_customer_link') }}

)

select
    delivered_key,
    customer_key,
    is_main,
    changed_date,
    merged_date,
    first_merged_key,
    first_merged_date
from links
