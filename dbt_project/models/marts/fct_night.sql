-- Grain: one row a night.

with

night as (

    select * from {{ ref('stg_night') }}

),

sources as (

    select * from {{ ref('stg_night_source') }}

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

source_totals as (

    select
        sum(case when verdict = 'pass' then 1 else 0 end) as passed_source_count,
        sum(case when is_distrusted then 1 else 0 end) as distrusted_source_count,
        sum(case when is_missing then 1 else 0 end) as missing_source_count
    from sources

),

core_totals as (

    select
        sum(case when is_in_flight then 1 else 0 end) as in_flight_count,
        sum(case when is_external_change then 1 else 0 end) as external_change_count
    from accounts

),

account_totals as (

    select
        count(*) as account_count,
        count(distinct customer_key) as customer_count,
        sum(core_limit_minor) as limit_minor,
        sum(principal_minor) as principal_minor
    from accounts

),

decision_totals as (

    select
        count(*) as decision_count,
        sum(case when action = 'UP' then 1 else 0 end) as up_count,
        sum(case when action = 'HOLD' then 1 else 0 end) as hold_count,
        sum(case when action = 'DOWN' then 1 else 0 end) as down_count,
        sum(case when display_state = 'FLOORED' then 1 else 0 end) as floored_count,
        sum(recommended_minor) as recommended_minor
    from decisions

)

select
    night.business_date,
    night.previous_business_date,
    night.cut_off_at,
    night.is_void,
    cast(source_totals.passed_source_count as bigint) as passed_source_count,
    cast(source_totals.distrusted_source_count as bigint) as distrusted_source_count,
    cast(source_totals.missing_source_count as bigint) as missing_source_count,
    cast(account_totals.account_count as bigint) as account_count,
    cast(account_totals.customer_count as bigint) as customer_count,
    cast(decision_totals.decision_count as bigint) as decision_count,
    cast(decision_totals.up_count as bigint) as up_count,
    cast(decision_totals.hold_count as bigint) as hold_count,
    cast(decision_totals.down_count as bigint) as down_count,
    cast(decision_totals.floored_count as bigint) as floored_count,
    cast(core_totals.in_flight_count as bigint) as in_flight_count,
    cast(core_totals.external_change_count as bigint) as external_change_count,
    {{ to_major('account_totals.limit_minor') }} as limit_amount,
    {{ to_major('account_totals.principal_minor') }} as principal_balance,
    {{ to_major('decision_totals.recommended_minor') }} as recommended_limit_amount
from night
cross join source_totals
cross join account_totals
cross join decision_totals
cross join core_totals
