-- Grain: one row an account and kind of agreement whose outcome a later night will show.

with

cases as (

    select * from {{ ref('dec_parallel_case') }}
    where not is_mature

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
    worst_days_past_due,
    was_charged_off
from cases
