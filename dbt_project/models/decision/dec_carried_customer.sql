-- Grain: one row a customer: the believed features that tonight hands to the next night.
-- A customer whom tonight's snapshot does not name keeps what the night before knew.

with

features as (

    select * from {{ ref('dec_believed_feature') }}

),

carried as (

    select * from {{ ref('stg_customer_state') }}

)

select
    customer_key
    {%- for feature in scored_features() %},
    {{ feature }}
    {%- endfor %}
from features

union all

select
    carried.customer_key
    {%- for feature in scored_features() %},
    carried.{{ feature }}
    {%- endfor %}
from carried
left join features on carried.customer_key = features.customer_key
where features.customer_key is null
