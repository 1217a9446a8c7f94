-- Grain: one row a customer and policy pack: what the customer owes and may owe over all accounts of that pack.

with

accounts as (

    select * from {{ ref('dec_account') }}

)

select
    customer_key,
    policy_version,
    cast(count(*) as bigint) as account_count,
    cast(sum(limit_minor) as bigint) as limit_minor,
    cast(sum(reference_limit_minor) as bigint) as reference_limit_minor,
    cast(sum(principal_minor) as bigint) as principal_minor,
    cast(sum(arrears_minor) as bigint) as arrears_minor,
    cast(max(income_monthly_minor) as bigint) as income_monthly_minor
from accounts
group by customer_key, policy_version
