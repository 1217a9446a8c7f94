-- Grain: one row a customer of tonight's snapshot: the scored features as tonight may believe them.
-- A feature whose source is late, refused or stale keeps the customer's value of the last trusted night, so that no
-- limit moves because of it in either direction; a customer without one has it MISSING.

with

features as (

    select * from {{ ref('ftr_customer') }}

),

trust as (

    select * from {{ ref('dec_feature_trust') }}

),

carried as (

    select * from {{ ref('stg_customer_state') }}

)

select
    features.customer_key
    {%- for feature in scored_features() %},
    case when trust.{{ feature }}_is_distrusted then carried.{{ feature }} else features.{{ feature }} end as {{ feature }}
    {%- endfor %}
from features
cross join trust
left join carried on features.customer_key = carried.customer_key
