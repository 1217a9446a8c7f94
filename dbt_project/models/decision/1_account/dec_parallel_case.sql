-- Grain: one row an account and kind of agreement whose outcome is awaited, or came tonight. While one is awaited, the
-- same agreement does not start a second case: an account counts once.

with

night as (

    select * from {{ ref('stg_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

compared as (

    select * from {{ ref('dec_parallel_run') }}
    where is_first

),

carried as (

    select * from {{ ref('stg_parallel_case_state') }}

),

aged as (

    select
        carried.*,
        accounts.days_past_due as days_past_due_tonight,
        coalesce(accounts.status = 'charged_off', false) as is_charged_off,
        {{ days_between('carried.compared_date', 'night.business_date') }} as age_days,
        parameters.parallel_outcome_days
    from carried
    cross join night
    cross join parameters
    left join accounts on carried.account_key = accounts.account_key

)

select
    account_key,
    customer_key,
    slice_code,
    compared_date,
    agreement,
    limit_before_minor,
    our_limit_minor,
    core_limit_minor,
    principal_minor,
    days_past_due,
    case
        when age_days <= parallel_outcome_days
            then greatest(worst_days_past_due, coalesce(days_past_due_tonight, 0))
        else worst_days_past_due
    end as worst_days_past_due,
    was_charged_off or (is_charged_off and age_days <= parallel_outcome_days) as was_charged_off,
    age_days >= parallel_outcome_days as is_mature
from aged

union all

select
    account_key,
    customer_key,
    slice_code,
    business_date as compared_date,
    agreement,
    limit_before_minor,
    our_limit_minor,
    core_limit_minor,
    principal_minor,
    days_past_due,
    cast(0 as bigint) as worst_days_past_due,
    false as was_charged_off,
    false as is_mature
from compared
