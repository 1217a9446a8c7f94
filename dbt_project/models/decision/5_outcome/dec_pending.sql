-- Grain: one row an assigned account with a cut that waits for its notice, or whose wait ends tonight. While a cut
-- waits, its limit can only be raised, or the cut can be withdrawn. No other cut is decided beside it.

with

limits as (

    select * from {{ ref('dec_limit_to_explain') }}
    where is_assigned and (carried_pending_minor is not null or decided_minor < limit_minor)

),

notices as (

    select * from {{ ref('dec_notice') }}

),

judged as (

    select
        limits.decision_key,
        limits.business_date,
        limits.limit_minor,
        limits.decided_minor,
        limits.carried_pending_minor,
        limits.carried_pending_since_date,
        limits.carried_pending_effective_date,
        notices.effective_date,
        coalesce(notices.lead_days, 0) as lead_days,
        limits.is_void or limits.overlay_code is not null or limits.is_at_rest as is_suspended
    from limits
    left join notices on limits.decision_key = notices.decision_key

),

moved as (

    select
        *,
        case
            when carried_pending_minor is null and not is_suspended and decided_minor < limit_minor and lead_days > 0 then 'START'
            when carried_pending_minor is null then 'NONE'
            when is_suspended then 'WAIT'
            when decided_minor >= limit_minor then 'WITHDRAW'
            when carried_pending_effective_date <= {{ add_days('business_date', 1) }} then 'ACT'
            else 'WAIT'
        end as movement,
        case
            when carried_pending_minor is null then decided_minor
            when is_suspended then carried_pending_minor
            else greatest(carried_pending_minor, decided_minor)
        end as pending_minor_tonight
    from judged

)

select
    decision_key,
    movement,
    movement in ('START', 'WAIT') as is_pending,
    pending_minor_tonight as pending_minor,
    case when movement = 'START' then business_date else carried_pending_since_date end as pending_since_date,
    case when movement = 'START' then effective_date else carried_pending_effective_date end as pending_effective_date,
    case
        when movement = 'ACT' then least(pending_minor_tonight, limit_minor)
        when movement = 'WITHDRAW' then decided_minor
        else limit_minor
    end as limit_minor
from moved
where movement <> 'NONE'
