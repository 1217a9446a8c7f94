-- Grain: one row an account: what tonight hands to the next night. An account that tonight's snapshot does not name
-- keeps what it had. If a night is restated, the freeze that was ordered stands at the core, and the next night ends or
-- sets it by an order.

with

standings as (

    select * from {{ ref('dec_limit_standing') }}

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

-- if tonight's snapshot leaves an account out, an answer of the core still tells its limit
answered as (

    select
        account_key,
        max_by(applied_limit_minor, sequence) as limit_minor
    from {{ ref('dec_order') }}
    where counts_as_applied and status in ('APPLIED', 'PARTIAL')
    group by account_key

)

select
    standings.account_key,
    standings.customer_key,
    standings.granted_reference_limit_minor as reference_limit_minor,
    standings.recommended_minor,
    standings.limit_minor,
    standings.core_limit_minor,
    standings.limit_since_date,
    standings.previous_limit_minor,
    standings.cause_date,
    standings.cause_minor,
    standings.cause_reason_codes,
    standings.cause_sha256,
    standings.change_date,
    standings.change_minor,
    standings.change_reason_codes,
    standings.change_sha256,
    standings.is_overlaid,
    core_freezes.account_key is not null as is_frozen_at_core,
    core_freezes.frozen_until_at as core_frozen_until_at,
    standings.pending_minor,
    standings.pending_since_date,
    standings.pending_effective_date
from standings
left join core_freezes on standings.account_key = core_freezes.account_key

union all

select
    carried.account_key,
    carried.customer_key,
    carried.reference_limit_minor,
    carried.recommended_minor,
    coalesce(answered.limit_minor, carried.limit_minor) as limit_minor,
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
    coalesce(watched.is_overlaid, carried.is_overlaid) as is_overlaid,
    core_freezes.account_key is not null as is_frozen_at_core,
    core_freezes.frozen_until_at as core_frozen_until_at,
    carried.pending_minor,
    carried.pending_since_date,
    carried.pending_effective_date
from carried
left join standings on carried.account_key = standings.account_key
left join answered on carried.account_key = answered.account_key
left join watched on carried.account_key = watched.account_key
left join core_freezes on carried.account_key = core_freezes.account_key
where standings.account_key is null
