-- Grain: one row a customer of tonight's snapshot, with the reference limit over all accounts.

with

reference_limits as (

    select * from {{ ref('ftr_reference_limit') }}

)

select
    customer_key,
    cast(sum(reference_limit_minor) as bigint) as reference_limit_minor
from reference_limits
group by customer_key
