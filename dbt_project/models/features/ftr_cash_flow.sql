-- Grain: one row a customer of tonight's snapshot: income, spending and activity (f25-f32).

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

flows as (

    select * from {{ ref('stg_cash_flow') }}

),

maintenance_days as (

    select distinct maintenance_date
    from {{ ref('stg_maintenance_day') }}
    where source_name in ('cash_flow', '*')

),

blocked_days as (

    select * from {{ ref('stg_blocked_day') }}

),

-- on these days the customer could not act: neither the days nor what happened on them tell anything
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

unusable as (

    select
        unusable_days.customer_key,
        sum(case when {{ in_window('unusable_date', 30) }} then 1 else 0 end) as days_30d,
        sum(case when {{ in_window('unusable_date', 120, 30) }} then 1 else 0 end) as days_90d_before
    from unusable_days
    cross join night
    group by unusable_days.customer_key

),

active_days as (

    select distinct
        flows.customer_key,
        flows.flow_date
    from flows
    left join unusable_days
        on flows.customer_key = unusable_days.customer_key and flows.flow_date = unusable_days.unusable_date
    where unusable_days.customer_key is null

),

activity as (

    select
        active_days.customer_key,
        sum(case when {{ in_window('flow_date', 30) }} then 1 else 0 end) as active_days_30d,
        sum(case when {{ in_window('flow_date', 120, 30) }} then 1 else 0 end) as active_days_90d_before
    from active_days
    cross join night
    group by active_days.customer_key

),

-- scaled to the whole window; null where no day of it was usable
scaled as (

    select
        customers.customer_key,
        {{ int_div('coalesce(activity.active_days_30d, 0) * 30', '30 - coalesce(unusable.days_30d, 0)') }} as active_days_30d,
        {{ int_div('coalesce(activity.active_days_90d_before, 0) * 90', '90 - coalesce(unusable.days_90d_before, 0)') }}
            as active_days_90d_before
    from customers
    left join activity on customers.customer_key = activity.customer_key
    left join unusable on customers.customer_key = unusable.customer_key

),

windows as (

    select
        flows.customer_key,
        sum(case when direction = 'in' and {{ in_window('flow_date', 30) }} then amount_minor else 0 end) as inflow_30d,
        sum(case when direction = 'in' and {{ in_window('flow_date', 120, 30) }} then amount_minor else 0 end)
            as inflow_90d_before,
        sum(case when direction = 'out' and {{ in_window('flow_date', 30) }} then amount_minor else 0 end) as outflow_30d,
        sum(case when kind = 'consume' and {{ in_window('flow_date', 30) }} then amount_minor else 0 end) as spend_30d,
        sum(case when kind = 'consume' and {{ in_window('flow_date', 120, 30) }} then amount_minor else 0 end)
            as spend_90d_before,
        count(
            distinct case when kind = 'salary' and {{ in_window('flow_date', 90) }} then {{ month_number('flow_date') }} end
        ) as salary_months_90d,
        sum(case when kind = 'withdraw' and {{ in_window('flow_date', 30) }} then amount_minor else 0 end) as withdrawn_30d,
        sum(case when kind = 'repay_other' and {{ in_window('flow_date', 30) }} then amount_minor else 0 end)
            as paid_to_other_lenders_30d
    from flows
    cross join night
    group by flows.customer_key

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
