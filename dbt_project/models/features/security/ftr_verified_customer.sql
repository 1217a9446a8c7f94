-- Grain: one row a customer who passed a step-up verification, with the instant of the last one.

with

cases as (

    select * from {{ ref('stg_case_event') }}
    where kind = 'step_up_verified'

),

accounts as (

    select * from {{ ref('ftr_reference_limit') }}

)

select
    coalesce(cases.customer_key, accounts.customer_key) as customer_key,
    max(cases.occurred_at) as verified_at
from cases
left join accounts on cases.account_key = accounts.account_key
where cases.customer_key is not null or accounts.customer_key is not null
group by coalesce(cases.customer_key, accounts.customer_key)
