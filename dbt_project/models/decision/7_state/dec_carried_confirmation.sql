-- Grain: one row a customer and pack: smoothed scores as tonight hands them to the next night.
-- A customer whom tonight's snapshot does not name, or whom the pack does not decide tonight, keeps what was known.

with

customers as (

    select * from {{ ref('dec_customer') }}

),

carried as (

    select * from {{ ref('stg_confirmation_state') }}

)

select
    customer_key,
    pack,
    policy_version,
    confirmed_reference_limit_minor as reference_limit_minor,
    smoothed_milli
from customers

union all

select
    carried.customer_key,
    carried.pack,
    carried.policy_version,
    carried.reference_limit_minor,
    carried.smoothed_milli
from carried
left join customers on carried.customer_key = customers.customer_key and carried.pack = customers.pack
where customers.customer_key is null
