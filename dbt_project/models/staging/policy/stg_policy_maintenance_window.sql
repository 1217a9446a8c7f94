-- Grain: one row a policy pack and maintenance window that is open tonight; `*` is the whole house.

with

night as (

    select * from {{ ref('stg_night') }}

),

windows as (

    select * from {{ source('policy', 'maintenance_window') }}

)

select
    windows.policy_version,
    windows.source_name,
    windows.from_date,
    windows.to_date
from windows
inner join night
    on windows.from_date <= night.business_date and night.business_date < windows.to_date
