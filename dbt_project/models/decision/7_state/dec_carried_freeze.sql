-- Grain: one row a customer and pack that is frozen after tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

exposures as (

    select * from {{ ref('dec_exposure') }}

),

freezes as (

    select * from {{ ref('dec_freeze') }}
    where is_frozen

),

carried as (

    select * from {{ ref('stg_freeze_state') }}

)

select
    customer_key,
    pack,
    frozen_since_date,
    frozen_at,
    frozen_until_at,
    extension_count,
    reason_code
from freezes

union all

select
    carried.customer_key,
    carried.pack,
    carried.frozen_since_date,
    carried.frozen_at,
    carried.frozen_until_at,
    carried.extension_count,
    carried.reason_code
from carried
cross join night
left join exposures on carried.customer_key = exposures.customer_key and carried.pack = exposures.pack
where exposures.customer_key is null and carried.frozen_until_at > night.cut_off_at
