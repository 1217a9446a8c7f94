-- Grain: one row an account and night with a way back: what to do, what the limit comes back to and from which day on, the
-- day on which a freeze ends by itself, and what became of the date that was given before.

with

recourses as (

    select * from {{ ref('dec_recourse_text') }}

)

select
    recourses.business_date,
    recourses.account_key,
    recourses.customer_key,
    recourses.policy_version,
    recourses.action_needed,
    {{ to_major('recourses.restores_to_minor') }} as restores_to_amount,
    recourses.restores_on_date,
    recourses.promise_status,
    recourses.promised_date,
    recourses.act_by_date,
    {{ to_major('recourses.arrears_minor') }} as arrears_amount,
    recourses.first_raised_on_date,
    {{ to_major('recourses.first_raised_minor') }} as first_raised_amount,
    recourses.actions_zh,
    recourses.actions_en,
    recourses.ended_status,
    recourses.ended_promised_date,
    recourses.voided_by,
    recourses.void_reason,
    recourses.unfrozen_on_date,
    recourses.sooner_zh,
    recourses.sooner_en
from recourses
