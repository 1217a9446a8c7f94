-- Grain: one row a customer of tonight's snapshot.
-- Arrears (f01-f05), utilisation (f06-f10, f12, f43) and tenure (f11). Days are counted in nights that were delivered.
-- Utilisation is taken on tonight's reference limit, so that a cut of ours never raises it.

with

night as (

    select * from {{ ref('stg_night') }}

),

coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'account_snapshot'

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

snapshots as (

    select * from {{ ref('stg_account_snapshot') }}

),

customer_nights as (

    select
        snapshots.customer_key,
        snapshots.business_date,
        cast(sum(snapshots.principal_minor) as bigint) as balance_minor,
        cast(sum(snapshots.arrears_minor) as bigint) as arrears_minor,
        max(snapshots.days_past_due) as days_past_due,
        min(snapshots.opened_date) as opened_date
    from snapshots
    inner join night on snapshots.business_date <= night.business_date
    group by snapshots.customer_key, snapshots.business_date

),

windows as (

    select
        customers.customer_key,
        customers.reference_limit_minor,
        max(case when {{ in_window('customer_nights.business_date', 1) }} then days_past_due end) as dpd_now,
        max(case when {{ in_window('customer_nights.business_date', 30) }} then days_past_due end) as dpd_max_30d,
        max(case when {{ in_window('customer_nights.business_date', 180) }} then days_past_due end) as dpd_max_180d,
        sum(case when {{ in_window('customer_nights.business_date', 90) }} and days_past_due > 0 then 1 else 0 end)
            as overdue_days_90d,
        max(case when {{ in_window('customer_nights.business_date', 1) }} then arrears_minor end) as arrears_minor,
        max(case when {{ in_window('customer_nights.business_date', 1) }} then balance_minor end) as balance_minor,
        sum(case when {{ in_window('customer_nights.business_date', 30) }} then balance_minor end) as balance_sum_30d,
        sum(case when {{ in_window('customer_nights.business_date', 30) }} then 1 else 0 end) as nights_30d,
        sum(case when {{ in_window('customer_nights.business_date', 120, 30) }} then balance_minor end)
            as balance_sum_90d_before,
        sum(case when {{ in_window('customer_nights.business_date', 120, 30) }} then 1 else 0 end) as nights_90d_before,
        sum(
            case
                when
                    {{ in_window('customer_nights.business_date', 90) }}
                    and balance_minor * 10000 >= customers.reference_limit_minor * parameters.near_full_share_bp
                    and customers.reference_limit_minor > 0
                    then 1
                else 0
            end
        ) as maxed_days_90d,
        max_by(
            balance_minor, case when {{ in_window('customer_nights.business_date', 60, 30) }} then customer_nights.business_date end
        ) as balance_month_ago_minor,
        min(customer_nights.opened_date) as opened_date,
        sum(case when {{ in_window('customer_nights.business_date', 90) }} and balance_minor > 0 then 1 else 0 end)
            as revolving_days_90d,
        max(case when balance_minor > 0 then customer_nights.business_date end) as last_balance_date
    from customers
    inner join customer_nights on customers.customer_key = customer_nights.customer_key
    cross join night
    cross join parameters
    group by customers.customer_key, customers.reference_limit_minor

)

select
    windows.customer_key,
    windows.dpd_now as f01_dpd_now,
    {{ when_covered('windows.dpd_max_30d', 30) }} as f02_dpd_max_30d,
    {{ when_covered('windows.dpd_max_180d', 180) }} as f03_dpd_max_180d,
    cast({{ when_covered('windows.overdue_days_90d', 90) }} as bigint) as f04_overdue_days_90d,
    {{ bp('windows.arrears_minor', 'nullif(greatest(windows.balance_minor, 0), 0)') }} as f05_overdue_ratio_bp,
    {{ bp('windows.balance_minor', 'windows.reference_limit_minor') }} as f06_util_bp,
    {{ when_covered(bp('windows.balance_sum_30d', 'windows.nights_30d * windows.reference_limit_minor'), 30) }}
        as f07_util_avg_30d_bp,
    {{ when_covered(
        bp('windows.balance_sum_30d', 'windows.nights_30d * windows.reference_limit_minor')
        ~ ' - ' ~ bp('windows.balance_sum_90d_before', 'windows.nights_90d_before * windows.reference_limit_minor'), 120
    ) }} as f08_util_delta_30v90_bp,
    cast({{ when_covered('windows.maxed_days_90d', 90) }} as bigint) as f09_maxed_days_90d,
    {{ bp('windows.balance_minor - windows.balance_month_ago_minor', 'windows.reference_limit_minor') }}
        as f10_balance_growth_30d_bp,
    {{ days_between('windows.opened_date', 'night.business_date') }} as f11_tenure_days,
    cast({{ when_covered('windows.revolving_days_90d', 90) }} as bigint) as f12_revolving_days_90d,
    {{ days_between('windows.last_balance_date', 'night.business_date') }} as f43_days_since_balance
from windows
cross join night
cross join coverage
