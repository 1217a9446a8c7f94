-- Grain: one row an account that the valid night before carried over. If its customer is merged tonight, the account is
-- the survivor's.

with

carried as (

    select * from {{ source('state', 'account') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}
    where not is_copy

)

select
    carried.account_key,
    coalesce(moved.customer_key, carried.customer_key) as customer_key,
    carried.reference_limit_minor,
    carried.recommended_minor,
    carried.limit_minor,
    carried.core_limit_minor,
    carried.limit_since_date,
    carried.previous_limit_minor,
    carried.cause_date,
    carried.cause_minor,
    carried.cause_reason_codes,
    carried.cause_sha256,
    carried.change_date,
    carried.change_minor,
    carried.change_reason_codes,
    carried.change_sha256,
    carried.is_overlaid,
    carried.is_frozen_at_core,
    carried.core_frozen_until_at,
    carried.pending_minor,
    carried.pending_since_date,
    carried.pending_effective_date
from carried
left join moved on carried.customer_key = moved.carried_key
