-- Grain: one row a customer and pack that the valid night before carried over: points of the night on which the
-- reference limit was approved. If customers are merged tonight, the survivor's points stand.

with

carried as (

    select * from {{ source('state', 'reference_points') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

ranked as (

    select
        carried.*,
        moved.customer_key as moved_key,
        {{ survivor_first('moved.customer_key, carried.pack') }} as preference
    from carried
    inner join moved on carried.customer_key = moved.carried_key

)

select
    carried.customer_key,
    carried.pack
    {%- for feature in scored_features() %},
    carried.{{ feature }}_points
    {%- endfor %}
from carried
left join moved on carried.customer_key = moved.carried_key
where moved.carried_key is null

union all

select
    moved_key as customer_key,
    pack
    {%- for feature in scored_features() %},
    {{ feature }}_points
    {%- endfor %}
from ranked
where preference = 1
