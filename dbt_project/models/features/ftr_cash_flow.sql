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
            as paid_to_other_lenders_30d,
        count(distinct case when {{ in_window('flow_date', 30) }} then flow_date end) as active_days_30d,
        count(distinct case when {{ in_window('flow_date', 120, 30) }} then flow_date end) as active_days_90d_before
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
    cast({{ when_covered('coalesce(windows.active_days_30d, 0)', 30) }} as bigint) as f31_active_days_30d,
    cast({{ when_covered(
        'coalesce(windows.active_days_30d, 0) * 3 - coalesce(windows.active_days_90d_before, 0)', 120
    ) }} as bigint) as f32_activity_drop_x3
from customers
cross join night
cross join coverage
left join windows on customers.customer_key = windows.customer_key
