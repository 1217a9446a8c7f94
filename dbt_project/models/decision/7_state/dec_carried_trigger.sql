-- Grain: one row a customer, pack and active trigger, as tonight hands it to the next night; a cured one is gone.

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

triggers as (

    select * from {{ ref('dec_trigger') }}
    where not is_cured

),

carried as (

    select * from {{ ref('dec_trigger_before') }}

)

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
from triggers

union all

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
left join exposures on carried.customer_key = exposures.customer_key and carried.pack = exposures.pack
where exposures.customer_key is null
