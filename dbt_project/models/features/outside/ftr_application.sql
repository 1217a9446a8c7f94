-- Grain: one row a customer of tonight's snapshot: loan applications, here and elsewhere (f13-f18).

with

night as (

    select * from {{ ref('stg_night') }}

),

coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'loan_application'

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

applications as (

    select * from {{ ref('stg_loan_application') }}

),

windows as (

    select
        applications.customer_key,
        sum(
            case
                when
                    {{ in_window('local_date', 7) }}
                    and amount_minor <= parameters.small_application_amount_minor
                    then 1
                else 0
            end
        ) as small_apps_7d,
        sum(case when {{ in_window('local_date', 30) }} then 1 else 0 end) as apps_30d,
        sum(case when {{ in_window('local_date', 7) }} then 90 else 0 end)
        - sum(case when {{ in_window('local_date', 97, 7) }} then 7 else 0 end) as app_burst_x90,
        sum(case when {{ in_window('local_date', 90) }} and outcome = 'rejected' then 1 else 0 end) as rejected_90d,
        sum(case when {{ in_window('local_date', 90) }} then 1 else 0 end) as apps_90d,
        count(distinct case when {{ in_window('local_date', 30) }} then lender_id end) as distinct_lenders_30d,
        sum(
            case
                when
                    {{ in_window('local_date', 30) }}
                    and local_hour between parameters.night_from_hour and parameters.night_to_hour
                    then 1
                else 0
            end
        ) as night_apps_30d
    from applications
    cross join night
    cross join parameters
    group by applications.customer_key

)

select
    customers.customer_key,
    cast({{ when_covered('coalesce(windows.small_apps_7d, 0)', 7) }} as bigint) as f13_small_apps_7d,
    cast({{ when_covered('coalesce(windows.apps_30d, 0)', 30) }} as bigint) as f14_apps_30d,
    cast({{ when_covered('coalesce(windows.app_burst_x90, 0)', 97) }} as bigint) as f15_app_burst_x90,
    {{ when_covered(bp('windows.rejected_90d', 'windows.apps_90d'), 90) }} as f16_reject_rate_90d_bp,
    cast({{ when_covered('coalesce(windows.distinct_lenders_30d, 0)', 30) }} as bigint) as f17_distinct_lenders_30d,
    cast({{ when_covered('coalesce(windows.night_apps_30d, 0)', 30) }} as bigint) as f18_night_apps_30d
from customers
cross join night
cross join coverage
left join windows on customers.customer_key = windows.customer_key
