-- Grain: one row an account of tonight's snapshot: since which night its limit has stood, the decision of ours that made it
-- so (none: the core's own), and the last decision of ours that moves it, which may still be on its way.
-- An account seen for the first time has had its limit since tonight, as far as the house knows.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

core_limits as (

    select * from {{ ref('dec_core_limit') }}

),

compared as (

    select
        accounts.account_key,
        accounts.business_date,
        core_limits.is_in_flight,
        carried.limit_since_date,
        carried.previous_limit_minor,
        carried.limit_minor as limit_minor_before,
        coalesce(accounts.limit_minor = carried.limit_minor, false) as is_unchanged,
        coalesce(accounts.limit_minor = carried.change_minor and not core_limits.is_external_change, false) as is_ours,
        decisions.action in ('UP', 'DOWN') as is_moved_tonight,
        decisions.recommended_minor,
        concat_ws(
            ',', decisions.reason_code_1, decisions.reason_code_2, decisions.reason_code_3, decisions.reason_code_4
        ) as reason_codes,
        decisions.decision_sha256
        {%- for column in ['date', 'minor', 'reason_codes', 'sha256'] %},
        carried.cause_{{ column }},
        carried.change_{{ column }}
        {%- endfor %}
    from accounts
    inner join decisions on accounts.account_key = decisions.account_key
    inner join core_limits on accounts.account_key = core_limits.account_key
    left join carried on accounts.account_key = carried.account_key

)

select
    account_key,
    is_in_flight,
    case when is_unchanged then limit_since_date else business_date end as limit_since_date,
    case when is_unchanged then previous_limit_minor else limit_minor_before end as previous_limit_minor
    {%- for column in ['date', 'minor', 'reason_codes', 'sha256'] %},
    case when is_unchanged then cause_{{ column }} when is_ours then change_{{ column }} end as cause_{{ column }}
    {%- endfor %},
    case when is_moved_tonight then business_date else change_date end as change_date,
    case when is_moved_tonight then recommended_minor else change_minor end as change_minor,
    case when is_moved_tonight then reason_codes else change_reason_codes end as change_reason_codes,
    case when is_moved_tonight then decision_sha256 else change_sha256 end as change_sha256
from compared
