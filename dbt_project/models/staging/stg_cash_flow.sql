-- Grain: one row a delivered version of delivered_key, flow_date, direction, kind and a customer_key whose flow it is (another
-- key, where customers were merged or split), known at the night's cut-off. The latest version holds; ftr_cash_flow_window
-- looks for it, because only few of them can have changed. What the night before did not carry over is new.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'cash_flow') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}

),

carried_state as (

    select * from {{ source('run', 'carried_state') }}

),

new_batches as (

    select * from {{ source('run', 'new_batch') }}

)

select
    delivered.business_date,
    delivered.batch_id,
    delivered.known_at,
    delivered.source_row,
    delivered.customer_key as delivered_key,
    coalesce(links.customer_key, delivered.customer_key) as customer_key,
    delivered.flow_date,
    delivered.direction,
    delivered.kind,
    {{ to_minor('delivered.amount') }} as amount_minor,
    new_batches.batch_id is not null or not carried_state.is_complete as is_new
from delivered
inner join night on delivered.known_at <= night.cut_off_at
cross join carried_state
left join new_batches on delivered.batch_id = new_batches.batch_id
left join links on delivered.customer_key = links.delivered_key and delivered.business_date < links.until_date
