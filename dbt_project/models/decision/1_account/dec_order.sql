-- Grain: one row an order: its account's last order, and each earlier one that the core may still apply or that changed
-- tonight. An order is in flight until the core answers it, the core shows its limit, or it expires (decision.md: the
-- limit to go on from). The answer to an unanswered order is awaited for late_answer_days more.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

orders as (

    select
        sequence,
        business_date,
        adjustment_id,
        account_key,
        action,
        old_limit_minor,
        new_limit_minor,
        expires_at,
        status as status_before,
        applied_limit_minor,
        acked_at,
        ack_reason
    from {{ ref('stg_released_order_state') }}

    union all

    select
        sequence,
        business_date,
        adjustment_id,
        account_key,
        action,
        old_limit_minor,
        new_limit_minor,
        expires_at,
        'IN_FLIGHT' as status_before,
        null as applied_limit_minor,
        null as acked_at,
        null as ack_reason
    from {{ ref('stg_released_adjustment') }}

),

acks as (

    select * from {{ ref('stg_adjustment_ack') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

snapshots as (

    select
        account_snapshots.account_key,
        account_snapshots.limit_minor
    from {{ ref('stg_account_snapshot') }} as account_snapshots
    inner join night on account_snapshots.business_date = night.business_date

),

answered as (

    select
        orders.sequence,
        orders.business_date,
        orders.adjustment_id,
        orders.account_key,
        orders.action,
        orders.old_limit_minor,
        orders.new_limit_minor,
        orders.expires_at,
        orders.status_before,
        orders.status_before in ('APPLIED', 'PARTIAL', 'REJECTED') as was_answered,
        orders.expires_at <= night.cut_off_at as is_past,
        acks.status as ack_status,
        case when acks.status = 'applied' then coalesce(acks.applied_limit_minor, orders.new_limit_minor) end
            as acked_limit_minor,
        acks.acked_at as acked_at_tonight,
        acks.reason as ack_reason_tonight,
        orders.applied_limit_minor,
        orders.acked_at,
        orders.ack_reason,
        snapshots.limit_minor as core_limit_minor,
        {{ add_days('cast(orders.expires_at as date)', 'parameters.late_answer_days') }} <= cast(night.cut_off_at as date)
            as is_given_up,
        -- if an order leads back to the old limit of an earlier one, a core that did neither shows that limit, too
        min(
            case
                when
                    orders.status_before = 'IN_FLIGHT'
                    and acks.status is null
                    and snapshots.limit_minor = orders.old_limit_minor
                    then orders.sequence
            end
        ) over (partition by orders.account_key) as startable_sequence,
        -- if the core says that it applied a later order, the limit in the snapshot is not the doing of an earlier one
        max(
            case
                when
                    orders.status_before in ('APPLIED', 'PARTIAL')
                    or (acks.status = 'applied' and orders.status_before <> 'REJECTED')
                    then orders.sequence
            end
        ) over (partition by orders.account_key) as applied_sequence,
        row_number() over (partition by orders.account_key order by orders.sequence desc) = 1 as is_last
    from orders
    cross join night
    cross join parameters
    left join acks on orders.adjustment_id = acks.adjustment_id
    left join snapshots on orders.account_key = snapshots.account_key

),

shown as (

    select
        *,
        status_before = 'IN_FLIGHT'
        and ack_status is null
        and core_limit_minor = new_limit_minor
        and coalesce(startable_sequence >= sequence, true)
        and coalesce(applied_sequence < sequence, true) as is_shown,
        not was_answered and coalesce(ack_status = 'applied', false) as is_applied_tonight
    from answered

),

linked as (

    select
        *,
        max(case when is_shown or is_applied_tonight then sequence end) over (partition by account_key) as done_sequence,
        max_by(old_limit_minor, case when is_shown or is_applied_tonight then sequence end)
            over (partition by account_key) as done_old_limit_minor,
        coalesce(bool_or(is_shown) over (partition by account_key), false) as is_any_shown
    from shown

),

judged as (

    select
        *,
        case
            when was_answered then status_before
            when ack_status = 'rejected' then 'REJECTED'
            when acked_limit_minor = new_limit_minor then 'APPLIED'
            when ack_status = 'applied' then 'PARTIAL'
            when status_before <> 'IN_FLIGHT' then status_before
            when is_shown and sequence = done_sequence then 'OBSERVED'
            -- if the core did an order, it also did the order from whose limit that one starts
            when sequence < done_sequence and new_limit_minor = done_old_limit_minor then 'OBSERVED'
            when is_past then 'EXPIRED'
            else 'IN_FLIGHT'
        end as status
    from linked

)

select
    adjustment_id,
    account_key,
    sequence,
    business_date,
    action,
    old_limit_minor,
    new_limit_minor,
    expires_at,
    status,
    status_before,
    status <> status_before as is_changed_tonight,
    status = 'IN_FLIGHT' or (status in ('OBSERVED', 'EXPIRED') and not is_past) as is_unanswered,
    is_last,
    status in ('IN_FLIGHT', 'OBSERVED', 'EXPIRED') and not is_given_up as is_awaited,
    -- in flight, or applied since the snapshot was written; the snapshot already contains what was seen to be applied
    status = 'IN_FLIGHT'
    or (status in ('APPLIED', 'PARTIAL') and status <> status_before and status_before <> 'OBSERVED')
    or (status = 'OBSERVED' and status <> status_before and not is_any_shown) as counts_as_applied,
    case when was_answered then applied_limit_minor else acked_limit_minor end as applied_limit_minor,
    case when was_answered then acked_at else acked_at_tonight end as acked_at,
    case when was_answered then ack_reason else ack_reason_tonight end as ack_reason,
    core_limit_minor
from judged
where
    is_last
    or status <> status_before
    or status = 'IN_FLIGHT'
    or (status in ('OBSERVED', 'EXPIRED') and not is_given_up)
