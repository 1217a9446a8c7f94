-- Grain: one row, tonight.

with

night as (

    select * from {{ source('run', 'night') }}

)

select
    business_date,
    cut_off_at,
    previous_business_date,
    is_first_night,
    is_void,
    home_name,
    is_between_nights
from night
