-- Grain: one row a policy pack: whether every day from tonight to the horizon of recourse is one of its nights.

with

night as (

    select * from {{ ref('stg_night') }}

),

rules as (

    select * from {{ source('policy', 'calendar') }}

)

select
    rules.policy_version,
    bool_or(
        rules.kind = 'expected_nights'
        and rules.value = 'daily'
        and rules.effective_from <= night.business_date
        and coalesce(rules.effective_to > {{ add_days('night.business_date', recourse_nights()) }}, true)
    )
    and not bool_or(rules.kind = 'holiday' and coalesce(rules.effective_to > night.business_date, true)) as is_night_every_day
from rules
cross join night
group by rules.policy_version
