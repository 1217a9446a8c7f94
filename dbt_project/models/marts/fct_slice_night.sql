-- Grain: one row a slice and night: what it does to limits, and whether the breaker holds its orders.

with

slices as (

    select * from {{ ref('dec_slice_breaker') }}

)

select
    business_date,
    slice_code,
    account_count,
    up_count,
    down_count,
    newly_floored_count,
    median_down_count,
    {{ to_major('exposure_before_minor') }} as exposure_before_amount,
    {{ to_major('exposure_after_minor') }} as exposure_after_amount,
    is_held,
    hold_reason
from slices
