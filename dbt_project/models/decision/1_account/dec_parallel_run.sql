-- Grain: one row an open account whose limit we would have moved on the valid night before, or whose limit the core
-- moved since, if no order of ours was on its way. So whatever the core did, it did by itself, in whatever mode the
-- slice was.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}
    where not is_void

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}
    where is_open

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

ordered as (

    select distinct account_key from {{ ref('dec_order') }}
    where status = 'IN_FLIGHT' or is_changed_tonight

),

cases as (

    select * from {{ ref('stg_parallel_case_state') }}

),

compared as (

    select
        night.business_date,
        accounts.account_key,
        accounts.customer_key,
        accounts.slice_code,
        night.previous_business_date as decided_date,
        carried.core_limit_minor as limit_before_minor,
        carried.recommended_minor as our_limit_minor,
        accounts.core_limit_minor,
        accounts.principal_minor,
        accounts.days_past_due
    from accounts
    cross join night
    -- if the two limits differ, an order was on its way the night before
    inner join carried
        on accounts.account_key = carried.account_key and carried.limit_minor = carried.core_limit_minor
    left join ordered on accounts.account_key = ordered.account_key
    where
        ordered.account_key is null
        and (
            carried.recommended_minor <> carried.core_limit_minor
            or accounts.core_limit_minor <> carried.core_limit_minor
        )

),

classified as (

    select
        *,
        case
            when our_limit_minor = limit_before_minor and core_limit_minor < limit_before_minor then 'ONLY_CORE_CUT'
            when our_limit_minor = limit_before_minor then 'ONLY_CORE_RAISED'
            when core_limit_minor = limit_before_minor and our_limit_minor < limit_before_minor then 'ONLY_WE_CUT'
            when core_limit_minor = limit_before_minor then 'ONLY_WE_RAISED'
            when our_limit_minor < limit_before_minor and core_limit_minor < limit_before_minor then 'BOTH_CUT'
            when our_limit_minor > limit_before_minor and core_limit_minor > limit_before_minor then 'BOTH_RAISED'
            else 'OPPOSITE'
        end as agreement
    from compared

)

select
    classified.*,
    cases.account_key is null as is_first
from classified
left join cases
    on classified.account_key = cases.account_key and classified.agreement = cases.agreement
