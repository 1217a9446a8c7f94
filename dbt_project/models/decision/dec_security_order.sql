-- Grain: one row a freeze, a longer freeze or a restore that tonight's decisions call for.
-- The core ends a freeze by itself when it expires; a legal hold has no end.

with

night as (

    select * from {{ ref('stg_night') }}

),

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

overlays as (

    select * from {{ ref('dec_overlay') }}

),

freezes as (

    select * from {{ ref('dec_freeze') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

ordered as (

    select
        decisions.*,
        case when overlays.action = 'RESTORE' then 'RESTORE' else 'FREEZE' end as order_action,
        case
            when overlays.action = 'RESTORE'
                then cast({{ add_days('night.business_date', 'packs.adjustment_valid_days') }} as timestamp)
            when overlays.reason_code <> 'L1' then overlays.frozen_until_at
        end as expires_at,
        night.cut_off_at as ordered_at
    from decisions
    cross join night
    inner join packs on decisions.policy_version = packs.policy_version
    inner join overlays
        on decisions.account_key = overlays.account_key and decisions.policy_version = overlays.policy_version
    left join freezes
        on decisions.customer_key = freezes.customer_key and decisions.policy_version = freezes.policy_version
    where
        overlays.action in ('FREEZE', 'RESTORE')
        or (overlays.is_overlaid and overlays.reason_code <> 'L1' and freezes.movement = 'EXTEND')

)

select
    {{ sha256_hex(fields_text([
        'account_key', 'order_action', 'old_limit_minor', 'display_state', 'ordered_at', 'expires_at'
    ])) }} as adjustment_id,
    business_date,
    account_key,
    customer_key,
    slice_code,
    policy_version,
    order_action as action,
    old_limit_minor,
    old_limit_minor as new_limit_minor,
    {{ add_days('business_date', 1) }} as effective_date,
    expires_at,
    display_state,
    concat_ws(';', reason_code_1, reason_code_2, reason_code_3, reason_code_4) as reason_codes,
    decision_sha256
from ordered
