-- Grain: one row an account whose limit our last move lowered, and cited reason, as the valid night before carried it over.

with

carried as (

    select * from {{ source('state', 'cut') }}

)

select
    account_key,
    customer_key,
    decided_date,
    old_limit_minor,
    new_limit_minor,
    own_target_minor,
    reason_rank,
    reason_code,
    feature,
    feature_value,
    is_source_distrusted
from carried
