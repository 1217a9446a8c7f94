-- Grain: one row a customer of tonight.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

restricted as (

    select * from {{ ref('dec_restricted_customer') }}

)

select
    accounts.customer_key,
    cast(count(*) as bigint) as account_count,
    min(accounts.opened_date) as first_opened_date,
    cast(sum(case when accounts.is_open then 1 else 0 end) as bigint) as open_account_count,
    bool_or(restricted.customer_key is not null) as is_restricted,
    max(accounts.business_date) as as_of_date
from accounts
left join restricted on accounts.customer_key = restricted.customer_key
group by accounts.customer_key
