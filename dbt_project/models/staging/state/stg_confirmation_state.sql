-- Grain: one row a customer and pack that the valid night before carried over: smoothed scores. If customers are merged
-- tonight, the survivor's scores stand, under the reference limits of all of them.

with

carried as (

    select * from {{ source('state', 'confirmation') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

ranked as (

    select
        carried.*,
        moved.customer_key as moved_key,
        sum(carried.reference_limit_minor) over (partition by moved.customer_key, carried.pack) as reference_together_minor,
        {{ survivor_first('moved.customer_key, carried.pack') }} as preference
    from carried
    inner join moved on carried.customer_key = moved.carried_key

)

select
    carried.customer_key,
    carried.pack,
    carried.policy_version,
    carried.reference_limit_minor,
    carried.smoothed_milli
from carried
left join moved on carried.customer_key = moved.carried_key
where moved.carried_key is null

union all

select
    moved_key as customer_key,
    pack,
    policy_version,
    cast(reference_together_minor as bigint) as reference_limit_minor,
    smoothed_milli
from ranked
where preference = 1
