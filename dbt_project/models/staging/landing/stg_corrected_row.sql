-- Grain: one row a source, night and account or customer with a correction that became known since the night before.
-- Rows of an earlier night come only in a file with corrects_business_date.

{%- set tables = {
    'account_snapshot': 'account_snapshot_history', 'loan_application': 'loan_application', 'instalment': 'instalment',
    'cash_flow': 'cash_flow', 'session': 'session', 'bureau_score': 'bureau_score', 'related_product': 'related_product',
    'profile_change': 'profile_change'
} %}

with

-- no night precedes the first one; said here, this spares the engine every row of the first night
night as (

    select * from {{ ref('stg_night') }}
    where previous_business_date is not null

),

new_batches as (

    select * from {{ ref('stg_new_batch') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}
    where is_main

)
{% for name, table in tables.items() %}
select distinct
    '{{ name }}' as source,
    delivered.business_date as corrected_date,
    {{ 'delivered.account_key' if name == 'instalment' else 'cast(null as bigint)' }} as account_key,
    {{ 'cast(null as bigint)' if name == 'instalment' else 'coalesce(links.customer_key, delivered.customer_key)' }} as customer_key
from {{ source('raw', table) }} as delivered
inner join new_batches on delivered.batch_id = new_batches.batch_id
inner join night
    on delivered.known_at <= night.cut_off_at and delivered.business_date <= night.previous_business_date
{%- if name != 'instalment' %}
left join links on delivered.customer_key = links.delivered_key
{%- endif %}
{{ 'union all' if not loop.last }}
{%- endfor %}
