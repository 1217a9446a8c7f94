-- Grain: one row a legal entity, product and policy pack and role in force tonight; `*` stands for all.

with

assignments as (

    select * from {{ source('policy', 'assignment') }}

)

select
    policy_version,
    legal_entity_code,
    product_code,
    role,
    share_bp
from assignments
