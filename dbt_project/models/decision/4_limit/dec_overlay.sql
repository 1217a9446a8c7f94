-- Grain: one row an account of tonight's snapshot and policy pack that is overlaid tonight or was until tonight, here
-- or at the core, which may not have heard that a freeze is over. Security freeze and legal hold stop draws and leave
-- the limit exactly as it is. A void night leaves them as they were, and so does the night on which a customer is at
-- rest.

{{ config(materialized='table') }}

with

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

watched as (

    select * from {{ ref('stg_watched_account') }}

),

core_freezes as (

    select * from {{ ref('dec_core_freeze') }}

),

judged as (

    select
        accounts.decision_key,
        accounts.account_key,
        freezes.reason_code as freeze_code,
        freezes.frozen_until_at,
        coalesce(freezes.is_frozen, false) as is_frozen,
        coalesce(cases.is_legal_hold, false) as is_legal_hold,
        coalesce(watched.is_overlaid, accounts.was_overlaid) as was_overlaid,
        core_freezes.account_key is not null as is_frozen_at_core,
        core_freezes.frozen_until_at as core_frozen_until_at,
        accounts.is_void or accounts.is_at_rest as is_at_rest
    from accounts
    left join freezes on accounts.customer_decision_key = freezes.customer_decision_key
    left join cases on accounts.account_key = cases.account_key
    left join watched on accounts.account_key = watched.account_key
    left join core_freezes on accounts.account_key = core_freezes.account_key

),

overlaid as (

    select
        decision_key,
        account_key,
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
    decision_key,
    account_key,
    is_overlaid,
    frozen_until_at,
    reason_code,
    -- ordered again until the core has heard of it, because the slice may have been paused or in observe
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
