-- Grain: one row a customer and day on which security or law kept the customer from acting, as long as a window of activity
-- holds it. An overlay of tonight holds from the day after the night.

with

night as (

    select * from {{ ref('stg_night') }}

),

overlaid as (

    select * from {{ ref('dec_decision') }}
    where is_assigned and is_overlaid

),

carried as (

    select * from {{ ref('stg_blocked_day') }}

)

select
    carried.customer_key,
    carried.blocked_date
from carried
inner join night on {{ in_window('carried.blocked_date', longest_activity_window()) }}

union

select
    overlaid.customer_key,
    {{ add_days('night.business_date', 1) }} as blocked_date
from overlaid
cross join night
