-- Grain: one row an account of tonight's snapshot: its five-category class, never better than its days past due allow.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

thresholds as (

    select * from {{ ref('stg_policy_risk_class_threshold') }}

),

classes as (

    select * from {{ ref('risk_class') }}

),

backstops as (

    select
        accounts.account_key,
        max(classes.severity) as severity
    from accounts
    inner join thresholds
        on accounts.policy_version = thresholds.policy_version
        and accounts.days_past_due > thresholds.more_than_days_past_due
    inner join classes on thresholds.risk_class = classes.risk_class
    group by accounts.account_key

),

judged as (

    select
        accounts.account_key,
        accounts.delivered_risk_class,
        coalesce(delivered.severity, 1) as delivered_severity,
        greatest(coalesce(delivered.severity, 1), coalesce(backstops.severity, 1)) as severity
    from accounts
    left join backstops on accounts.account_key = backstops.account_key
    left join classes as delivered on accounts.delivered_risk_class = delivered.risk_class

)

select
    judged.account_key,
    judged.delivered_risk_class,
    classes.risk_class,
    judged.delivered_risk_class is not null and judged.severity > judged.delivered_severity
        as is_downgraded_by_backstop
from judged
inner join classes on judged.severity = classes.severity
