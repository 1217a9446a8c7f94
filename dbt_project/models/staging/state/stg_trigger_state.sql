-- Grain: one row a customer, pack and active trigger that the valid night before carried over. Customers who are merged
-- tonight have the triggers of all of them. If several had the same trigger, the older clock runs on.

with

carried as (

    select * from {{ source('state', 'trigger') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

ranked as (

    select
        moved.customer_key,
        carried.pack,
        carried.trigger_code,
        min(carried.triggered_date) over same_trigger as triggered_date,
        max(carried.last_hit_date) over same_trigger as last_hit_date,
        max(carried.nights_in_a_row) over same_trigger as nights_in_a_row,
        bool_or(carried.is_sustained) over same_trigger as is_sustained,
        min(carried.clean_since_date) over same_trigger as clean_since_date,
        bool_or(carried.is_inherited) over same_trigger as is_inherited,
        carried.reason_code,
        carried.feature,
        {{ survivor_first('moved.customer_key, carried.pack, carried.trigger_code') }} as preference
    from carried
    inner join moved on carried.customer_key = moved.carried_key
    window same_trigger as (partition by moved.customer_key, carried.pack, carried.trigger_code)

)

select
    carried.customer_key,
    carried.pack,
    carried.trigger_code,
    carried.triggered_date,
    carried.last_hit_date,
    carried.nights_in_a_row,
    carried.is_sustained,
    carried.clean_since_date,
    carried.is_inherited,
    carried.reason_code,
    carried.feature
from carried
left join moved on carried.customer_key = moved.carried_key
where moved.carried_key is null

union all

select
    customer_key,
    pack,
    trigger_code,
    triggered_date,
    last_hit_date,
    nights_in_a_row,
    is_sustained,
    clean_since_date,
    is_inherited,
    reason_code,
    feature
from ranked
where preference = 1
