{# Delivered versions of cash flows that were known at the night's cut-off, each with the customer whose flow it is by now.
   Filters on flow_date and source columns reach the files: whoever reads a few days of many opens only these. #}
{% macro cash_flow_versions(table) %}
with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', table) }}

),

links as (

    select * from {{ ref('stg_customer_link') }}

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
    {{ to_minor('delivered.amount') }} as amount_minor
from delivered
inner join night on delivered.known_at <= night.cut_off_at
left join links on delivered.customer_key = links.delivered_key and delivered.business_date < links.until_date
{% endmacro %}
