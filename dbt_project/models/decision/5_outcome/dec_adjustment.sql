-- Grain: one row an order that tonight's decisions call for. An order's id depends on the account's previous released
-- order. So a file that is applied twice does no harm, and a second order with equal values is not taken for the first.

with

night as (

    select * from {{ ref('stg_night') }}

),

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned and action in ('UP', 'DOWN', 'CLOSE')

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

released as (

    select
        account_key,
        adjustment_id
    from {{ ref('dec_order') }}
    where is_last

),

orders as (

    select
        decisions.*,
        {{ add_days('night.business_date', 'packs.adjustment_valid_days') }} as expires_date,
        concat_ws(
            ';', decisions.reason_code_1, decisions.reason_code_2, decisions.reason_code_3, decisions.reason_code_4
        ) as reason_codes,
        released.adjustment_id as previous_adjustment_id
    from decisions
    inner join packs on decisions.policy_version = packs.policy_version
    cross join night
    left join released on decisions.account_key = released.account_key

)

select
    {{ sha256_hex(fields_text([
        'account_key', 'previous_adjustment_id', 'action', 'recommended_minor', 'display_state', 'effective_date'
    ])) }} as adjustment_id,
    business_date,
    account_key,
    customer_key,
    slice_code,
    policy_version,
    action,
    old_limit_minor,
    recommended_minor as new_limit_minor,
    effective_date,
    cast(expires_date as timestamp) as expires_at,
    display_state,
    reason_codes,
    decision_sha256
from orders
