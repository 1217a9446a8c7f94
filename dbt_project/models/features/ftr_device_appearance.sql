-- Grain: one row a customer, device and day on which the customer used it for the first time, or again after it was
-- forgotten.

with

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

device_days as (

    select
        all_days.*,
        lag(all_days.seen_date) over (partition by customer_key, device_token order by seen_date) as seen_before_date
    from {{ ref('ftr_device_day') }} as all_days

)

select
    device_days.customer_key,
    device_days.device_token,
    device_days.seen_date as first_date,
    device_days.first_at
from device_days
cross join parameters
where
    device_days.seen_before_date is null
    or {{ days_between('device_days.seen_before_date', 'device_days.seen_date') }} > parameters.device_memory_days
