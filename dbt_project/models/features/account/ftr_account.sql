-- Grain: one row a customer of tonight's snapshot: arrears (f01-f05), utilisation (f06-f10, f12, f43) and tenure (f11).
-- Days are counted in delivered nights. Utilisation is measured against the reference limit, so that a cut of ours
-- never raises it.

with

night as (

    select * from {{ ref('stg_night') }}

),

coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'account_snapshot'

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

windows as (

    select * from {{ ref('ftr_account_window') }}

),

past_due_nights as (

    select * from {{ ref('ftr_past_due_night') }}

),

snapshots as (

    select all_snapshots.*
    from {{ ref('stg_account_snapshot') }} as all_snapshots
    inner join night on all_snapshots.business_date = night.business_date

),

tonight as (

    select
        customer_key,
        cast(sum(principal_minor) as bigint) as balance_minor,
        cast(sum(arrears_minor) as bigint) as arrears_minor,
        min(opened_date) as opened_date
    from snapshots
    group by customer_key

),

past_due as (

    select
        past_due_nights.customer_key,
        max(case when {{ in_window('past_due_nights.business_date', 1) }} then days_past_due end) as dpd_now,
        max(case when {{ in_window('past_due_nights.business_date', 30) }} then days_past_due end) as dpd_max_30d,
        max(days_past_due) as dpd_max_180d,
        sum(case when {{ in_window('past_due_nights.business_date', 90) }} then 1 else 0 end) as overdue_days_90d
    from past_due_nights
    cross join night
    group by past_due_nights.customer_key

),

joined as (

    select
        customers.reference_limit_minor,
        tonight.balance_minor,
        tonight.arrears_minor,
        tonight.opened_date,
        past_due.dpd_now,
        past_due.dpd_max_30d,
        past_due.dpd_max_180d,
        past_due.overdue_days_90d,
        windows.*
    from customers
    inner join tonight on customers.customer_key = tonight.customer_key
    inner join windows on customers.customer_key = windows.customer_key
    left join past_due on customers.customer_key = past_due.customer_key

)

select
    joined.customer_key,
    coalesce(joined.dpd_now, 0) as f01_dpd_now,
    {{ when_covered('coalesce(joined.dpd_max_30d, 0)', 30) }} as f02_dpd_max_30d,
    {{ when_covered('coalesce(joined.dpd_max_180d, 0)', 180) }} as f03_dpd_max_180d,
    cast({{ when_covered('coalesce(joined.overdue_days_90d, 0)', 90) }} as bigint) as f04_overdue_days_90d,
    {{ bp('joined.arrears_minor', 'nullif(greatest(joined.balance_minor, 0), 0)') }} as f05_overdue_ratio_bp,
    {{ bp('joined.balance_minor', 'joined.reference_limit_minor') }} as f06_util_bp,
    {{ when_covered(bp('joined.balance_sum_30d', 'joined.nights_30d * joined.reference_limit_minor'), 30) }}
        as f07_util_avg_30d_bp,
    {{ when_covered(
        bp('joined.balance_sum_30d', 'joined.nights_30d * joined.reference_limit_minor')
        ~ ' - ' ~ bp('joined.balance_sum_90d_before', 'joined.nights_90d_before * joined.reference_limit_minor'), 120
    ) }} as f08_util_delta_30v90_bp,
    {{ when_covered(ring_count('joined.maxed_low', 'joined.maxed_high'), 90) }} as f09_maxed_days_90d,
    {{ bp('joined.balance_minor - joined.balance_month_ago_minor', 'joined.reference_limit_minor') }}
        as f10_balance_growth_30d_bp,
    {{ days_between('joined.opened_date', 'night.business_date') }} as f11_tenure_days,
    {{ when_covered(ring_count('joined.revolving_low', 'joined.revolving_high'), 90) }} as f12_revolving_days_90d,
    {{ days_between('joined.last_balance_date', 'night.business_date') }} as f43_days_since_balance
from joined
cross join night
cross join coverage
