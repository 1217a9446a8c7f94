-- Grain: one row an account of tonight's snapshot with a trigger that stands: the trigger that takes longest to end. It
-- says how much of its cure is done, and how much is needed.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

triggers as (

    select * from {{ ref('dec_trigger') }}
    where not is_cured

),

ranked as (

    select
        accounts.account_key,
        triggers.trigger_code,
        triggers.reason_code,
        triggers.triggered_date,
        triggers.is_sustained and not triggers.is_inherited as is_bounding,
        least(triggers.clean_days, triggers.clean_days_needed) as nights_done,
        triggers.clean_days_needed as nights_needed,
        count(*) over (partition by accounts.account_key) as condition_count,
        row_number() over (
            partition by accounts.account_key
            order by
                triggers.clean_days_needed - least(triggers.clean_days, triggers.clean_days_needed) desc,
                triggers.trigger_code
        ) as place
    from accounts
    inner join triggers on accounts.customer_decision_key = triggers.customer_decision_key

)

select
    account_key,
    trigger_code,
    reason_code,
    triggered_date,
    is_bounding,
    nights_done,
    nights_needed,
    condition_count
from ranked
where place = 1
