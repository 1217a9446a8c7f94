-- Grain: one row an account of tonight: the answer for the call centre today.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

standings as (

    select * from {{ ref('dec_limit_standing') }}

),

conditions as (

    select * from {{ ref('dec_condition_standing') }}

),

recourses as (

    select *, coalesce(promise_status <> 'OPEN', false) as is_ended from {{ ref('dec_recourse_text') }}
    where promise_status = 'OPEN' or unfrozen_on_date is not null

)

select
    decisions.account_key,
    decisions.customer_key,
    decisions.business_date as as_of_date,
    {{ to_major('decisions.old_limit_minor') }} as limit_amount,
    standings.limit_since_date as since_date,
    {{ to_major('standings.previous_limit_minor') }} as previous_limit_amount,
    standings.is_in_flight as is_change_in_flight,
    standings.cause_date,
    standings.cause_reason_codes,
    standings.cause_sha256 as cause_decision_sha256,
    {{ to_major('decisions.reference_limit_minor') }} as reference_limit_amount,
    {{ to_major('decisions.recommended_minor') }} as decided_limit_amount,
    decisions.action,
    decisions.display_state,
    {{ to_major('decisions.drawable_minor') }} as drawable_amount,
    decisions.is_usable,
    decisions.reason_code_1,
    cast(coalesce(conditions.condition_count, 0) as bigint) as open_condition_count,
    conditions.trigger_code as condition_code,
    conditions.reason_code as condition_reason_code,
    conditions.triggered_date as condition_since_date,
    cast(conditions.nights_done as bigint) as condition_nights_done,
    cast(conditions.nights_needed as bigint) as condition_nights_needed,
    case when recourses.is_ended then recourses.sooner_action else recourses.action_needed end as action_needed,
    {{ to_major('case when not recourses.is_ended then recourses.restores_to_minor end') }} as restores_to_amount,
    case when not recourses.is_ended then recourses.restores_on_date end as restores_on_date,
    recourses.unfrozen_on_date,
    decisions.decision_sha256
from decisions
inner join standings on decisions.account_key = standings.account_key
left join conditions on decisions.account_key = conditions.account_key
left join recourses on decisions.account_key = recourses.account_key
