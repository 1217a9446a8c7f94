-- Grain: one row a cut that may be the reason for an account's limit, and cited reason, as the valid night before
-- carried it over. If the customer is merged tonight, the cut is the survivor's.

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
