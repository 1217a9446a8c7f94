-- Grain: one row a customer, night and policy pack that is frozen, is restored, or is not frozen because too many would be.

with

night as (

    select * from {{ ref('stg_night') }}

),

freezes as (

    select * from {{ ref('dec_freeze') }}

)

select
    night.business_date,
    freezes.customer_key,
    freezes.policy_version,
    freezes.movement,
    freezes.is_frozen,
    freezes.frozen_since_date,
    freezes.frozen_until_at,
    cast(freezes.extension_count as bigint) as extension_count
from freezes
cross join night
