-- Grain: one row a customer and night from which a reference limit held, as far back as the longest window of nearly full
-- nights asks. A limit of a past night is what that night believed; raw data alone cannot tell it.

with

night as (

    select * from {{ ref('stg_night') }}

),

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

carried as (

    select * from {{ ref('stg_reference_limit_step') }}

),

latest as (

    select
        customer_key,
        max_by(reference_limit_minor, from_date) as reference_limit_minor
    from carried
    group by customer_key

),

account_nights as (

    select * from {{ ref('ftr_account_night') }}
    where not is_leaving

),

-- whom a late row names first: the limit that the core granted then
late_limits as (

    select
        account_nights.customer_key,
        account_nights.business_date,
        cast(sum(account_nights.limit_minor) as bigint) as limit_minor
    from account_nights
    left join customers on account_nights.customer_key = customers.customer_key
    left join latest on account_nights.customer_key = latest.customer_key
    where customers.customer_key is null and latest.customer_key is null
    group by account_nights.customer_key, account_nights.business_date

),

steps as (

    select * from carried

    union all

    select
        customer_key,
        max(business_date) as from_date,
        max_by(limit_minor, business_date) as reference_limit_minor
    from late_limits
    group by customer_key

    union all

    select
        customers.customer_key,
        night.business_date as from_date,
        customers.reference_limit_minor
    from customers
    cross join night
    left join latest on customers.customer_key = latest.customer_key
    where latest.customer_key is null or latest.reference_limit_minor <> customers.reference_limit_minor

),

followed as (

    select
        steps.*,
        lead(steps.from_date) over (partition by steps.customer_key order by steps.from_date) as until_date
    from steps

)

select
    followed.customer_key,
    followed.from_date,
    followed.reference_limit_minor
from followed
cross join night
where followed.until_date is null or followed.until_date > {{ add_days('night.business_date', -90) }}
