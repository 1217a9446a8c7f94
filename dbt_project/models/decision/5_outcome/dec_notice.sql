-- Grain: one row an account of tonight's snapshot and policy pack whose limit or draws change: must the customer be told,
-- by when, and how many days before the change acts.

with

limits as (

    select
        decision_key,
        policy_version,
        business_date,
        coalesce(
            overlay_action,
            case when decided_minor > limit_minor then 'UP' when decided_minor < limit_minor then 'DOWN' end
        ) as action
    from {{ ref('dec_limit_to_explain') }}
    where overlay_action is not null or decided_minor <> limit_minor

),

reasons as (

    select * from {{ ref('dec_reason') }}
    where reason_rank = 1

),

rules as (

    select * from {{ ref('stg_policy_notice_rule') }}

),

concerned as (

    select
        limits.decision_key,
        limits.business_date,
        limits.action,
        rules.lead_days,
        rules.is_required,
        rules.due_days,
        row_number() over (
            partition by limits.decision_key
            order by case when rules.reason_code = '*' then 1 else 0 end, rules.lead_days desc, rules.channel
        ) as preference
    from limits
    left join reasons on limits.decision_key = reasons.decision_key
    inner join rules
        on
            limits.policy_version = rules.policy_version
            and limits.action = rules.action
            and rules.reason_code in (reasons.reason_code, '*')

)

select
    decision_key,
    is_required as is_notice_required,
    case when is_required then {{ add_days('business_date', 'due_days') }} end as notice_due_date,
    case when action = 'DOWN' then lead_days else 0 end as lead_days,
    -- tonight's decision takes effect on the next calendar day at the earliest
    {{ add_days('business_date', "case when action = 'DOWN' then lead_days else 0 end + 1") }} as effective_date
from concerned
where preference = 1
