-- Grain: one row source_name, maintenance_date up to tonight that a window of activity can hold; source_name `*` is the
-- whole house.

with

night as (

    select * from {{ ref('stg_night') }}

),

maintenance_windows as (

    select * from {{ source('policy', 'maintenance_window') }}

),

days_ago as (

    {{ whole_numbers(longest_activity_window()) }}

)

select distinct
    maintenance_windows.source_name,
    {{ add_days('night.business_date', '-days_ago.number') }} as maintenance_date
from maintenance_windows
cross join night
inner join days_ago
    on
        {{ add_days('night.business_date', '-days_ago.number') }} >= maintenance_windows.from_date
        and {{ add_days('night.business_date', '-days_ago.number') }} < maintenance_windows.to_date
