-- Grain: one row a customer that the night before carried over: the scored features as it believed them. If customers
-- are merged tonight, the survivor's values stand.

with

carried as (

    select * from {{ source('state', 'customer') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

ranked as (

    select
        carried.*,
        moved.customer_key as moved_key,
        {{ survivor_first('moved.customer_key') }} as preference
    from carried
    inner join moved on carried.customer_key = moved.carried_key

)

select
    carried.customer_key
    {%- for fact in believed_facts() %},
    carried.{{ fact }}
    {%- endfor %}
from carried
left join moved on carried.customer_key = moved.carried_key
where moved.carried_key is null

union all

select
    moved_key as customer_key
    {%- for fact in believed_facts() %},
    {{ fact }}
    {%- endfor %}
from ranked
where preference = 1
