-- Grain: one row a customer and device: the last day of use before the week within which devices are new. Younger sessions
-- are read again tomorrow.

with

night as (

    select * from {{ ref('stg_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

device_days as (

    select * from {{ ref('ftr_device_day') }}

)

select
    device_days.customer_key,
    device_days.device_token,
    max(device_days.seen_date) as last_date
from device_days
cross join night
cross join parameters
where
    device_days.seen_date <= {{ add_days('night.business_date', -7) }}
    and device_days.seen_date > {{ add_days('night.business_date', '-7 - parameters.device_memory_days') }}
group by device_days.customer_key, device_days.device_token
