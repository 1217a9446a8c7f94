-- Grain: one row a customer, pack and active trigger, as the valid night before carried it over, with the answers of
-- people since then. An inherited trigger that two people approved is no longer inherited.

with

carried as (

    select * from {{ ref('stg_trigger_state') }}

),

approvals as (

    select * from {{ ref('stg_inherited_approval') }}

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
    carried.is_inherited and approvals.trigger_code is null as is_inherited,
    carried.reason_code,
    carried.feature
from carried
left join approvals
    on
        carried.customer_key = approvals.customer_key
        and carried.pack = approvals.pack
        and carried.trigger_code = approvals.trigger_code
