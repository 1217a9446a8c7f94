-- Grain: one row a customer: the believed facts that tonight hands to the next night.
-- A customer whom tonight's snapshot does not name keeps what the night before knew.

with

believed as (

    select * from {{ ref('dec_believed_feature') }}

),

carried as (

    select * from {{ ref('stg_customer_state') }}

)

select
    customer_key
    {%- for fact in believed_facts() %},
    {{ fact }}
    {%- endfor %}
from believed

union all

select
    carried.customer_key
    {%- for fact in believed_facts() %},
    carried.{{ fact }}
    {%- endfor %}
from carried
left join believed on carried.customer_key = believed.customer_key
where believed.customer_key is null
