-- Grain: one row a freeze, a longer freeze or a restore that tonight's decisions call for.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

movements as (

    select * from {{ ref('dec_security_movement') }}

),

ordered as (

    select
        decisions.*,
        movements.action as order_action,
        movements.expires_at,
        movements.effective_date as order_effective_date,
        movements.ordered_at,
        movements.previous_adjustment_id
    from decisions
    inner join movements
        on decisions.account_key = movements.account_key and decisions.policy_version = movements.policy_version

)

select
    {{ sha256_hex(fields_text([
        'account_key', 'previous_adjustment_id', 'order_action', 'old_limit_minor', 'display_state', 'ordered_at', 'expires_at'
    ])) }} as adjustment_id,
    business_date,
    account_key,
    customer_key,
    slice_code,
    policy_version,
    order_action as action,
    old_limit_minor,
    old_limit_minor as new_limit_minor,
    order_effective_date as effective_date,
    expires_at,
    display_state,
    concat_ws(';', reason_code_1, reason_code_2, reason_code_3, reason_code_4) as reason_codes,
    decision_sha256
from ordered
