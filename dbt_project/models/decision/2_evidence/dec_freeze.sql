-- Grain: one row a customer and policy pack that is frozen tonight or was frozen until tonight. A freeze is not a
-- credit matter: it stops draws, ends by itself, and leaves the limit as it is. On a void night, and while the customer
-- is at rest, it stays as it was.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

exposures as (

    select * from {{ ref('dec_exposure') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

causes as (

    select * from {{ ref('dec_freeze_cause') }}
    where has_cause

),

accounts as (

    select * from {{ ref('dec_account') }}

),

known as (

    select * from {{ ref('stg_customer_state') }}

),

-- when we see a customer for the first time, the system before ours may already have frozen the customer
opening as (

    select
        accounts.customer_key,
        accounts.pack,
        max(opening_states.frozen_until) as frozen_until_at
    from {{ ref('stg_opening_state') }} as opening_states
    inner join night on opening_states.frozen_until > night.cut_off_at
    inner join accounts on opening_states.account_key = accounts.account_key
    left join known on accounts.customer_key = known.customer_key
    where known.customer_key is null
    group by accounts.customer_key, accounts.pack

),

carried as (

    select
        customer_key,
        pack,
        frozen_since_date,
        frozen_at,
        frozen_until_at,
        extension_count,
        reason_code
    from {{ ref('stg_freeze_state') }}

    union all

    select
        opening.customer_key,
        opening.pack,
        night.business_date as frozen_since_date,
        night.cut_off_at as frozen_at,
        opening.frozen_until_at,
        0 as extension_count,
        'F1' as reason_code
    from opening
    cross join night

),

rules as (

    select
        policy_version,
        max(ttl_hours) as ttl_hours,
        max(max_extensions) as max_extensions
    from {{ ref('stg_policy_freeze_rule') }}
    group by policy_version

),

verifications as (

    select
        customer_key,
        max(occurred_at) as verified_at
    from {{ ref('stg_case_event') }}
    where kind = 'step_up_verified'
    group by customer_key

),

judged as (

    select
        exposures.customer_decision_key,
        exposures.customer_key,
        exposures.policy_version,
        exposures.pack,
        night.business_date,
        night.cut_off_at,
        night.is_between_nights,
        night.is_void or exposures.is_at_rest as is_at_rest,
        {{ add_hours('night.cut_off_at', 'rules.ttl_hours') }} as extended_until_at,
        carried.customer_key is not null as was_frozen,
        carried.frozen_since_date,
        carried.frozen_at,
        carried.frozen_until_at,
        carried.extension_count,
        carried.reason_code,
        causes.customer_decision_key is not null and not night.is_void and not exposures.is_at_rest as has_cause,
        case when causes.has_shared_device then 'F2' else 'F1' end as cause_reason_code,
        coalesce(verifications.verified_at >= carried.frozen_at, false) as is_verified,
        coalesce(carried.extension_count < rules.max_extensions, true) as may_extend
    from exposures
    cross join night
    inner join rules on exposures.policy_version = rules.policy_version
    left join causes on exposures.customer_decision_key = causes.customer_decision_key
    left join carried on exposures.customer_key = carried.customer_key and exposures.pack = carried.pack
    left join verifications on exposures.customer_key = verifications.customer_key
    where causes.customer_decision_key is not null or carried.customer_key is not null

),

-- freezes that a watch set since the night before count as of the same day: one by one, they can be a mass, too
newly_frozen as (

    select
        exposures.customer_decision_key,
        exposures.policy_version
    from {{ ref('stg_released_security') }} as released
    inner join exposures on released.customer_key = exposures.customer_key and released.pack = exposures.pack
    where released.movement = 'FREEZE'

    union

    select
        customer_decision_key,
        policy_version
    from judged
    where has_cause and not was_frozen

),

new_counts as (

    select
        policy_version,
        count(*) as new_count
    from newly_frozen
    group by policy_version

),

masses as (

    select
        exposures.policy_version,
        count(*) as customer_count,
        coalesce(max(new_counts.new_count), 0) as new_count
    from exposures
    left join new_counts on exposures.policy_version = new_counts.policy_version
    group by exposures.policy_version

),

guards as (

    select
        masses.policy_version,
        masses.new_count > packs.mass_min_customers
        and masses.new_count * 10000 > masses.customer_count * packs.mass_share_bp as is_mass
    from masses
    inner join packs on masses.policy_version = packs.policy_version

),

moved as (

    select
        judged.*,
        case
            when not judged.was_frozen and judged.has_cause and guards.is_mass then 'WITHHELD'
            when not judged.was_frozen and judged.has_cause then 'FREEZE'
            when not judged.was_frozen then 'NONE'
            when judged.is_at_rest then 'STAY'
            when judged.is_verified and not judged.has_cause then 'RESTORE'
            -- between nights a freeze is extended only when its time is over; a night extends one that still stands
            when
                judged.has_cause
                and judged.may_extend
                and (not judged.is_between_nights or judged.frozen_until_at <= judged.cut_off_at)
                then 'EXTEND'
            when judged.frozen_until_at > judged.cut_off_at then 'STAY'
            else 'RESTORE'
        end as movement
    from judged
    inner join guards on judged.policy_version = guards.policy_version

)

select
    customer_decision_key,
    customer_key,
    policy_version,
    pack,
    movement,
    movement in ('FREEZE', 'EXTEND', 'STAY') as is_frozen,
    case when movement = 'FREEZE' then business_date else frozen_since_date end as frozen_since_date,
    case when movement = 'FREEZE' then cut_off_at else frozen_at end as frozen_at,
    case when movement in ('FREEZE', 'EXTEND') then extended_until_at else frozen_until_at end as frozen_until_at,
    case movement when 'FREEZE' then 0 when 'EXTEND' then extension_count + 1 else extension_count end as extension_count,
    case when movement = 'FREEZE' then cause_reason_code else reason_code end as reason_code
from moved
where movement <> 'NONE'
