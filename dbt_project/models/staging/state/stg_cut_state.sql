-- Grain: one row a cut that an account's limit may stand at, and cited reason, as the valid night before carried it over;
-- of a customer who is merged tonight, as the survivor's.

with

carried as (

    select * from {{ source('state', 'cut') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}
    where not is_copy

)

select
    carried.account_key,
    coalesce(moved.customer_key, carried.customer_key) as customer_key,
    carried.decided_date,
    carried.old_limit_minor,
    carried.new_limit_minor,
    carried.tonight_target_minor,
    carried.reason_rank,
    carried.reason_code,
    carried.feature,
    carried.feature_value,
    carried.is_source_distrusted
from carried
left join moved on carried.customer_key = moved.carried_key
