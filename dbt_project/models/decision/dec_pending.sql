-- Grain: one row an assigned account with a cut that waits for its notice, or whose wait ends tonight.
-- While it waits its amount is only ever raised, or it is withdrawn; no other cut is decided beside it.

with

night as (

    select * from {{ ref('stg_night') }}

),

limits as (

    select * from {{ ref('dec_decided_limit') }}

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

notices as (

    select * from {{ ref('dec_notice') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}
    where pending_minor is not null

),

resting_customers as (

    select * from {{ ref('dec_resting_customer') }}

),

judged as (

    select
        limits.account_key,
        limits.policy_version,
        limits.business_date,
        limits.limit_minor,
        limits.decided_minor,
        carried.pending_minor,
        carried.pending_since_date,
        carried.pending_effective_date,
        notices.effective_date,
        coalesce(notices.lead_days, 0) as lead_days,
        night.is_void or limits.overlay_code is not null or resting_customers.customer_key is not null as is_suspended
    from limits
    cross join night
    inner join accounts
        on limits.account_key = accounts.account_key and limits.policy_version = accounts.policy_version
    left join notices
        on limits.account_key = notices.account_key and limits.policy_version = notices.policy_version
    left join carried on limits.account_key = carried.account_key
    left join resting_customers on limits.customer_key = resting_customers.customer_key

),

moved as (

    select
        *,
        case
            when pending_minor is null and not is_suspended and decided_minor < limit_minor and lead_days > 0 then 'START'
            when pending_minor is null then 'NONE'
            when is_suspended then 'WAIT'
            when decided_minor >= limit_minor then 'WITHDRAW'
            when pending_effective_date <= {{ add_days('business_date', 1) }} then 'ACT'
            else 'WAIT'
        end as movement,
        case
            when pending_minor is null then decided_minor
            when is_suspended then pending_minor
            else greatest(pending_minor, decided_minor)
        end as pending_minor_tonight
    from judged

)

select
    account_key,
    policy_version,
    movement,
    movement in ('START', 'WAIT') as is_pending,
    pending_minor_tonight as pending_minor,
    case when movement = 'START' then business_date else pending_since_date end as pending_since_date,
    case when movement = 'START' then effective_date else pending_effective_date end as pending_effective_date,
    case
        when movement = 'ACT' then least(pending_minor_tonight, limit_minor)
        when movement = 'WITHDRAW' then decided_minor
        else limit_minor
    end as limit_minor
from moved
where movement <> 'NONE'
