-- Grain: one row an assigned account whose freeze begins, is extended or ends, on a night or on a watch between nights.
-- The core ends a freeze by itself when it expires; a legal hold has no end. A freeze that lasts longer than the core
-- knows is ordered, too.

with

night as (

    select * from {{ ref('stg_night') }}

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

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

released as (

    select
        account_key,
        max_by(adjustment_id, sequence) as adjustment_id
    from {{ ref('stg_released_security') }}
    group by account_key

)

select
    accounts.business_date,
    accounts.account_key,
    accounts.customer_key,
    accounts.policy_version,
    accounts.pack,
    case when overlays.action = 'RESTORE' then 'RESTORE' else 'FREEZE' end as action,
    case
        when overlays.action = 'RESTORE'
            then cast({{ add_days('night.business_date', 'packs.adjustment_valid_days') }} as timestamp)
        when overlays.reason_code <> 'L1' then overlays.frozen_until_at
    end as expires_at,
    case
        when night.is_between_nights then night.business_date
        else {{ add_days('night.business_date', 1) }}
    end as effective_date,
    night.cut_off_at as ordered_at,
    overlays.is_overlaid,
    overlays.reason_code as overlay_code,
    released.adjustment_id as previous_adjustment_id,
    coalesce(freezes.movement, 'NONE') as movement,
    freezes.frozen_since_date,
    freezes.frozen_at,
    freezes.frozen_until_at,
    freezes.extension_count,
    freezes.reason_code
from accounts
cross join night
inner join packs on accounts.policy_version = packs.policy_version
inner join overlays on accounts.decision_key = overlays.decision_key
left join freezes on accounts.customer_decision_key = freezes.customer_decision_key
left join released on accounts.account_key = released.account_key
where
    overlays.action in ('FREEZE', 'RESTORE')
    or (overlays.is_overlaid and overlays.reason_code <> 'L1' and freezes.movement = 'EXTEND')
    or overlays.outlasts_core
