-- Grain: one row a customer: the windows over cash flows as the night before carried them over.

with

carried as (

    select * from {{ source('state', 'cash_flow_window') }}

)

select
    customer_key,
    inflow_30d,
    inflow_90d_before,
    outflow_30d,
    spend_30d,
    spend_90d_before,
    withdrawn_30d,
    paid_to_other_lenders_30d,
    active_low,
    active_high,
    salary_0_date,
    salary_1_date,
    salary_2_date,
    salary_3_date
from carried
