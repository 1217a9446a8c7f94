-- Grain: one row an account of tonight's snapshot: since which night its limit has stood, the decision of ours that
-- made it so (none if the core made it), and the last decision of ours that moves it, which may still be on its way. An
-- order that ends without being applied leaves no trace: its account stands as it did before the order. If a night is
-- restated, the limit was moved by what was ordered, and not by what the night decides now. An account seen for the
-- first time has had its limit since tonight, as far as we know.

{{ config(materialized='table') }}

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

standing_decisions as (

    select * from {{ ref('stg_standing_decision') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

before_orders as (

    select * from {{ ref('stg_core_standing_state') }}

),

unapplied as (

    select distinct account_key from {{ ref('dec_order') }}
    where status in ('REJECTED', 'EXPIRED') and is_changed_tonight

),

compared as (

    select
        decisions.account_key,
        decisions.customer_key,
        decisions.business_date,
        decisions.is_in_flight,
        decisions.granted_reference_limit_minor,
        decisions.recommended_minor,
        decisions.limit_minor,
        decisions.core_limit_minor,
        decisions.pending_minor,
        decisions.pending_since_date,
        decisions.pending_effective_date,
        coalesce(standing_decisions.is_overlaid, decisions.is_overlaid) as is_overlaid,
        carried.limit_since_date,
        carried.previous_limit_minor,
        carried.limit_minor as limit_minor_before,
        coalesce(decisions.limit_minor = carried.limit_minor, false) as is_unchanged,
        -- a void night leaves out orders in flight, whatever becomes of them
        coalesce(
            decisions.limit_minor <> carried.limit_minor
            and decisions.limit_minor = decisions.core_limit_minor
            and decisions.core_limit_minor = carried.core_limit_minor
            and before_orders.account_key is not null
            and (decisions.is_void or unapplied.account_key is not null),
            false
        ) as is_taken_back,
        before_orders.limit_since_date as since_date_before_order,
        before_orders.previous_limit_minor as previous_minor_before_order,
        coalesce(decisions.limit_minor = carried.change_minor and not decisions.is_external_change, false) as is_ours,
        case when standing_decisions.account_key is not null then standing_decisions.action else decisions.action end
        in ('UP', 'DOWN') as is_moved_tonight,
        case
            when standing_decisions.account_key is not null then standing_decisions.recommended_minor
            else decisions.recommended_minor
        end as ordered_minor,
        case
            when standing_decisions.account_key is not null then standing_decisions.reason_codes
            else
                concat_ws(
                    ',', decisions.reason_code_1, decisions.reason_code_2, decisions.reason_code_3, decisions.reason_code_4
                )
        end as ordered_reason_codes,
        case
            when standing_decisions.account_key is not null then standing_decisions.decision_sha256
            else decisions.decision_sha256
        end as ordered_sha256
        {%- for column in ['date', 'minor', 'reason_codes', 'sha256'] %},
        carried.cause_{{ column }},
        before_orders.cause_{{ column }} as cause_{{ column }}_before_order,
        carried.change_{{ column }}
        {%- endfor %}
    from decisions
    left join standing_decisions on decisions.account_key = standing_decisions.account_key
    left join carried on decisions.account_key = carried.account_key
    left join before_orders on decisions.account_key = before_orders.account_key
    left join unapplied on decisions.account_key = unapplied.account_key

)

select
    account_key,
    customer_key,
    is_in_flight,
    granted_reference_limit_minor,
    recommended_minor,
    limit_minor,
    core_limit_minor,
    pending_minor,
    pending_since_date,
    pending_effective_date,
    is_overlaid,
    case
        when is_unchanged then limit_since_date
        when is_taken_back then since_date_before_order
        else business_date
    end as limit_since_date,
    case
        when is_unchanged then previous_limit_minor
        when is_taken_back then previous_minor_before_order
        else limit_minor_before
    end as previous_limit_minor
    {%- for column in ['date', 'minor', 'reason_codes', 'sha256'] %},
    case
        when is_unchanged then cause_{{ column }}
        when is_taken_back then cause_{{ column }}_before_order
        when is_ours then change_{{ column }}
    end as cause_{{ column }}
    {%- endfor %},
    case when is_moved_tonight then business_date else change_date end as change_date,
    case when is_moved_tonight then ordered_minor else change_minor end as change_minor,
    case when is_moved_tonight then ordered_reason_codes else change_reason_codes end as change_reason_codes,
    case when is_moved_tonight then ordered_sha256 else change_sha256 end as change_sha256
from compared
