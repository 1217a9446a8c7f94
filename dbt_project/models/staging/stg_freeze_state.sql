-- Grain: one row a customer and pack that is frozen before tonight: as the valid night before left it, or as a watch did
-- since then.

with

carried as (

    select * from {{ source('state', 'freeze') }}

),

-- NONE is a legal hold's order, which says nothing about a freeze
released as (

    select
        *,
        row_number() over (partition by customer_key, pack order by sequence desc, account_key) as recency
    from {{ ref('stg_released_security') }}
    where not is_of_watch or movement <> 'NONE'

),

watched as (

    select * from released
    where recency = 1 and is_of_watch

)

select
    carried.customer_key,
    carried.pack,
    carried.frozen_since_date,
    carried.frozen_at,
    carried.frozen_until_at,
    carried.extension_count,
    carried.reason_code
from carried
left join watched on carried.customer_key = watched.customer_key and carried.pack = watched.pack
where watched.customer_key is null

union all

select
    customer_key,
    pack,
    frozen_since_date,
    frozen_at,
    frozen_until_at,
    extension_count,
    reason_code
from watched
where movement <> 'RESTORE'
