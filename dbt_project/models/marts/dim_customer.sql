-- Grain: one row a customer of tonight.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

)

select
    accounts.customer_key,
    cast(count(*) as bigint) as account_count,
    min(accounts.opened_date) as first_opened_date,
    cast(sum(case when accounts.is_open then 1 else 0 end) as bigint) as open_account_count,
    max(accounts.business_date) as as_of_date
from accounts
group by accounts.customer_key
