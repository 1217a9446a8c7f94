-- Grain: one row an account, night and operator that changed the value.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

traces as (

    select * from {{ ref('dec_trace') }}

)

select
    decisions.business_date,
    decisions.account_key,
    traces.step,
    traces.operator,
    traces.rule_id,
    {{ to_major('traces.before_minor') }} as before_amount,
    {{ to_major('traces.after_minor') }} as after_amount
from traces
inner join decisions
    on traces.account_key = decisions.account_key and traces.policy_version = decisions.policy_version
