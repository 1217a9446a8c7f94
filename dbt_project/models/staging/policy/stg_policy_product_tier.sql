-- Grain: one row a policy pack and product.

with

entries as (

    select * from {{ source('policy', 'product_tier') }}

)

select
    entries.policy_version,
    entries.product_code,
    entries.tier,
    {{ to_minor('entries.max_limit_amount') }} as max_limit_minor,
    {{ to_minor('entries.min_draw_amount') }} as min_draw_minor,
    entries.income_multiple_bp
from entries
