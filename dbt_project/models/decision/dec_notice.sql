-- Grain: one row an account whose limit moves: must the customer be told, by when, and from which day does it hold.

with

limits as (

    select * from {{ ref('dec_limit') }}
    where action <> 'HOLD'

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
        limits.account_key,
        limits.business_date,
        rules.lead_days,
        rules.is_required,
        rules.due_days,
        row_number() over (
            partition by limits.account_key
            order by case when rules.reason_code = '*' then 1 else 0 end, rules.lead_days desc, rules.channel
        ) as preference
    from limits
    left join reasons on limits.account_key = reasons.account_key
    inner join rules
        on
            limits.policy_version = rules.policy_version
            and limits.action = rules.action
            and rules.reason_code in (reasons.reason_code, '*')

)

select
    account_key,
    is_required as is_notice_required,
    case when is_required then {{ add_days('business_date', 'due_days') }} end as notice_due_date,
    -- tonight's decision holds from the next calendar day at the earliest
    {{ add_days('business_date', 'lead_days + 1') }} as effective_date
from concerned
where preference = 1
