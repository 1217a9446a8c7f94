-- Grain: one row an account and kind of agreement whose outcome is known since tonight.

with

night as (

    select * from {{ ref('stg_night') }}
    where not is_void

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

cases as (

    select * from {{ ref('dec_parallel_case') }}
    where is_mature

)

select
    night.business_date,
    cases.account_key,
    cases.customer_key,
    cases.slice_code,
    cases.compared_date,
    cases.agreement,
    {{ to_major('cases.limit_before_minor') }} as limit_before_amount,
    {{ to_major('cases.our_limit_minor') }} as our_limit_amount,
    {{ to_major('cases.core_limit_minor') }} as core_limit_amount,
    {{ to_major('cases.principal_minor') }} as principal_balance,
    cases.days_past_due,
    cases.worst_days_past_due,
    cases.was_charged_off,
    cases.worst_days_past_due >= parameters.parallel_bad_days_past_due or cases.was_charged_off as is_bad
from cases
cross join night
cross join parameters
