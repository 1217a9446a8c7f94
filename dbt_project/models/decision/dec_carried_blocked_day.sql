-- Grain: one row a customer and day on which security had frozen the customer, as long as a window of activity holds it.

with

night as (

    select * from {{ ref('stg_night') }}

),

blocked_days as (

    select * from {{ ref('stg_blocked_day') }}

)

select
    blocked_days.customer_key,
    blocked_days.blocked_date
from blocked_days
inner join night on {{ in_window('blocked_days.blocked_date', longest_activity_window()) }}
