-- Grain: one row a customer and pack that was frozen after the valid night before.
-- Of customers who are merged tonight the freeze that lasts longest stands.

with

carried as (

    select * from {{ source('state', 'freeze') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

ranked as (

    select
        carried.*,
        moved.customer_key as moved_key,
        row_number() over (
            partition by moved.customer_key, carried.pack
            order by
                carried.frozen_until_at desc,
                case when carried.customer_key = moved.customer_key then 0 else 1 end,
                carried.customer_key
        ) as preference
    from carried
    inner join moved on carried.customer_key = moved.carried_key

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
left join moved on carried.customer_key = moved.carried_key
where moved.carried_key is null

union all

select
    moved_key as customer_key,
    pack,
    frozen_since_date,
    frozen_at,
    frozen_until_at,
    extension_count,
    reason_code
from ranked
where preference = 1
