-- Grain: one row a customer of tonight's snapshot: income, spending and activity (f25-f32).

{%- set was_active = ring_has('windows.active_low', 'windows.active_high', 'days.days_ago', 60) %}

with

night as (

    select * from {{ ref('stg_night') }}

),

coverage as (

    select * from {{ ref('stg_night_source') }}
    where source = 'cash_flow'

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

windows as (

    select
        carried.*,
        {{ ring_count_newest('active_low', 30) }} as active_days_30d,
        {{ ring_count('active_low', 'active_high') }} - {{ ring_count_newest('active_low', 30) }} as active_days_90d_before,
        {%- for remainder in range(4) %}
        case when salary_{{ remainder }}_date is not null then 1 else 0 end
        {%- if not loop.last %} +{% endif %}
        {%- endfor %} as salary_months_90d
    from {{ ref('ftr_cash_flow_window') }} as carried

),

maintenance_days as (

    select distinct maintenance_date
    from {{ ref('stg_maintenance_day') }}
    where source_name in ('cash_flow', '*')

),

blocked_days as (

    select * from {{ ref('stg_blocked_day') }}

),

-- on these days the customer could not act, so neither the days nor what happened on them is evidence
unusable_days as (

    select
        customers.customer_key,
        maintenance_days.maintenance_date as unusable_date
    from customers
    cross join maintenance_days

    union

    select
        customer_key,
        blocked_date
    from blocked_days

),

-- how many of these days there were, and on how many of them something happened all the same
unusable as (

    select
        days.customer_key,
        sum(case when days.days_ago < 30 then 1 else 0 end) as days_30d,
        sum(case when days.days_ago >= 30 then 1 else 0 end) as days_90d_before,
        sum(case when days.days_ago < 30 then coalesce({{ was_active }}, 0) else 0 end) as active_days_30d,
        sum(case when days.days_ago >= 30 then coalesce({{ was_active }}, 0) else 0 end) as active_days_90d_before
    from (
        select
            unusable_days.customer_key,
            {{ days_between('unusable_days.unusable_date', 'night.business_date') }} as days_ago
        from unusable_days
        cross join night
        where {{ in_window('unusable_days.unusable_date', 120) }}
    ) as days
    left join windows on days.customer_key = windows.customer_key
    group by days.customer_key

),

-- scaled to the whole window; null if no day of it was usable
scaled as (

    select
        customers.customer_key,
        {{ int_div(
            '(coalesce(windows.active_days_30d, 0) - coalesce(unusable.active_days_30d, 0)) * 30',
            '30 - coalesce(unusable.days_30d, 0)'
        ) }} as active_days_30d,
        {{ int_div(
            '(coalesce(windows.active_days_90d_before, 0) - coalesce(unusable.active_days_90d_before, 0)) * 90',
            '90 - coalesce(unusable.days_90d_before, 0)'
        ) }} as active_days_90d_before
    from customers
    left join windows on customers.customer_key = windows.customer_key
    left join unusable on customers.customer_key = unusable.customer_key

)

select
    customers.customer_key,
    {{ when_covered(bp('windows.inflow_30d * 3', 'windows.inflow_90d_before'), 120) }} as f25_inflow_30v90_bp,
    {{ when_covered(bp('windows.spend_30d * 3', 'windows.spend_90d_before'), 120) }} as f26_spend_30v90_bp,
    {{ when_covered(bp('windows.outflow_30d', 'windows.inflow_30d'), 30) }} as f27_out_in_ratio_30d_bp,
    cast({{ when_covered('coalesce(windows.salary_months_90d, 0)', 90) }} as bigint) as f28_salary_months_90d,
    {{ when_covered(bp('windows.withdrawn_30d', 'windows.outflow_30d'), 30) }} as f29_cash_share_30d_bp,
    cast({{ when_covered('coalesce(windows.paid_to_other_lenders_30d, 0)', 30) }} as bigint)
        as f30_paid_to_other_lenders_30d_minor,
    {{ when_covered('scaled.active_days_30d', 30) }} as f31_active_days_30d,
    {{ when_covered('scaled.active_days_30d * 3 - scaled.active_days_90d_before', 120) }} as f32_activity_drop_x3
from customers
inner join scaled on customers.customer_key = scaled.customer_key
cross join night
cross join coverage
left join windows on customers.customer_key = windows.customer_key
