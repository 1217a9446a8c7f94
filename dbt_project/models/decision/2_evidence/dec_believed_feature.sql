-- Grain: one row a customer of tonight's snapshot: the facts as tonight may believe them. If the source of a fact is
-- late, refused or stale, the customer's value of the last trusted night stays, so that no limit moves in either
-- direction because of it. If there is no such value, the fact is MISSING.

{{ config(materialized='table') }}

with

features as (

    select
        customers.*,
        bureau.bureau_has_new_default
    from {{ ref('ftr_customer') }} as customers
    inner join {{ ref('ftr_bureau') }} as bureau on customers.customer_key = bureau.customer_key

),

trust as (

    select * from {{ ref('dec_feature_trust') }}

),

-- only few nights need it, and then for every customer
last_trusted as (

    select carried.*
    from {{ ref('stg_customer_state') }} as carried
    inner join trust on trust.is_any_distrusted

)

select
    features.customer_key
    {%- for fact in believed_facts() %},
    case when trust.{{ fact }}_is_distrusted then last_trusted.{{ fact }} else features.{{ fact }} end as {{ fact }}
    {%- endfor %}
from features
cross join trust
left join last_trusted on features.customer_key = last_trusted.customer_key
