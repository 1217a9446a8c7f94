-- Grain: one row a customer, device and day on which the customer used it for the first time, or again after it was
-- forgotten.

with

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

device_days as (

    select * from {{ ref('ftr_device_day') }}

),

spans as (

    select
        customer_key,
        device_token,
        min(seen_date) as first_date,
        max(seen_date) as last_date
    from device_days
    group by customer_key, device_token

),

-- devices in use for longer than a device is remembered; only these few need a look at every day
long_used as (

    select
        device_days.*,
        lag(device_days.seen_date) over (
            partition by device_days.customer_key, device_days.device_token order by device_days.seen_date
        ) as seen_before_date
    from device_days
    inner join spans
        on device_days.customer_key = spans.customer_key and device_days.device_token = spans.device_token
    cross join parameters
    where {{ days_between('spans.first_date', 'spans.last_date') }} > parameters.device_memory_days

)

select
    device_days.customer_key,
    device_days.device_token,
    device_days.seen_date as first_date,
    device_days.first_at
from device_days
inner join spans
    on
        device_days.customer_key = spans.customer_key
        and device_days.device_token = spans.device_token
        and device_days.seen_date = spans.first_date

union all

select
    long_used.customer_key,
    long_used.device_token,
    long_used.seen_date as first_date,
    long_used.first_at
from long_used
cross join parameters
where {{ days_between('long_used.seen_before_date', 'long_used.seen_date') }} > parameters.device_memory_days
