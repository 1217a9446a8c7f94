-- Grain: one row an account that the core keeps frozen tonight, as far as the core was told by the last freeze or
-- restore that left. If the carried state is of an earlier release and does not know what the core was told, nothing
-- counts as told: to order a freeze twice does no harm.

with

night as (

    select * from {{ ref('stg_night') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

released as (

    select
        *,
        row_number() over (partition by account_key order by sequence desc) as recency
    from {{ ref('stg_released_security') }}

),

known_to_core as (

    select
        account_key,
        action = 'FREEZE' as is_frozen,
        expires_at as frozen_until_at
    from released
    where recency = 1

    union all

    select
        carried.account_key,
        carried.is_frozen_at_core as is_frozen,
        carried.core_frozen_until_at as frozen_until_at
    from carried
    left join released on carried.account_key = released.account_key
    where released.account_key is null

)

select
    known_to_core.account_key,
    known_to_core.frozen_until_at
from known_to_core
cross join night
where known_to_core.is_frozen and (known_to_core.frozen_until_at is null or known_to_core.frozen_until_at > night.cut_off_at)
