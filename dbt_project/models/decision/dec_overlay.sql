-- Grain: one row an account of tonight's snapshot and policy pack that is overlaid tonight or was until tonight, here or at
-- the core, which may never have heard that a freeze is over.
-- Security freeze and legal hold stop draws and leave the limit exactly as it is. A void night leaves
-- them as they were, and so does the night on which a customer rests.

with

night as (

    select * from {{ ref('stg_night') }}

),

accounts as (

    select * from {{ ref('dec_account') }}
    where is_open and reference_limit_minor > 0

),

freezes as (

    select * from {{ ref('dec_freeze') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

watched as (

    select * from {{ ref('stg_watched_account') }}

),

core_freezes as (

    select * from {{ ref('dec_core_freeze') }}

),

resting_customers as (

    select * from {{ ref('dec_resting_customer') }}

),

judged as (

    select
        accounts.account_key,
        accounts.policy_version,
        freezes.reason_code as freeze_code,
        freezes.frozen_until_at,
        coalesce(freezes.is_frozen, false) as is_frozen,
        coalesce(cases.is_legal_hold, false) as is_legal_hold,
        coalesce(watched.is_overlaid, carried.is_overlaid, false) as was_overlaid,
        core_freezes.account_key is not null as is_frozen_at_core,
        core_freezes.frozen_until_at as core_frozen_until_at,
        night.is_void or resting_customers.customer_key is not null as is_at_rest
    from accounts
    cross join night
    left join freezes
        on accounts.customer_key = freezes.customer_key and accounts.policy_version = freezes.policy_version
    left join cases on accounts.account_key = cases.account_key
    left join carried on accounts.account_key = carried.account_key
    left join watched on accounts.account_key = watched.account_key
    left join core_freezes on accounts.account_key = core_freezes.account_key
    left join resting_customers on accounts.customer_key = resting_customers.customer_key

),

overlaid as (

    select
        account_key,
        policy_version,
        is_at_rest,
        was_overlaid,
        is_frozen_at_core,
        core_frozen_until_at,
        frozen_until_at,
        case when is_at_rest then was_overlaid else is_frozen or is_legal_hold end as is_overlaid,
        case
            when is_legal_hold then 'L1'
            when is_frozen then freeze_code
            when is_at_rest then 'F1'
            else 'F3'
        end as reason_code
    from judged

)

select
    account_key,
    policy_version,
    is_overlaid,
    frozen_until_at,
    reason_code,
    -- until the core has heard of it: its slice may have been paused, or in observe
    case
        when is_at_rest then null
        when not is_overlaid then 'RESTORE'
        when not was_overlaid or not is_frozen_at_core then 'FREEZE'
    end as action,
    not is_at_rest
    and is_overlaid
    and core_frozen_until_at is not null
    and (reason_code = 'L1' or core_frozen_until_at < frozen_until_at) as outlasts_core
from overlaid
where is_overlaid or was_overlaid or (is_frozen_at_core and not is_at_rest)
