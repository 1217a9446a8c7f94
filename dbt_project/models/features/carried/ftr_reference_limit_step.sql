-- Grain: one row a customer and night from which a reference limit held, as far back as the longest window over nearly
-- full nights needs. The limit of a past night is what that night believed, which cannot be derived from raw data
-- alone.

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

-- customers whose steps are not just the carried row: another limit tonight, none before, or not in tonight's snapshot
touched as (

    select distinct coalesce(customers.customer_key, carried.customer_key) as customer_key
    from customers
    full outer join carried on customers.customer_key = carried.customer_key
    where
        customers.customer_key is null
        or carried.customer_key is null
        or customers.reference_limit_minor <> carried.reference_limit_minor

),

latest as (

    select
        carried.customer_key,
        max_by(carried.reference_limit_minor, carried.from_date) as reference_limit_minor
    from carried
    inner join touched on carried.customer_key = touched.customer_key
    group by carried.customer_key

),

-- customers whom a late row first names on an earlier night, with the limit that the core granted then
late_limits as (

    select
        account_nights.customer_key,
        account_nights.business_date,
        cast(sum(account_nights.limit_minor) as bigint) as limit_minor
    from {{ ref('ftr_account_night') }} as account_nights
    inner join night on account_nights.business_date < night.business_date
    left join customers on account_nights.customer_key = customers.customer_key
    left join latest on account_nights.customer_key = latest.customer_key
    where not account_nights.is_leaving and customers.customer_key is null and latest.customer_key is null
    group by account_nights.customer_key, account_nights.business_date

),

moving_steps as (

    select carried.*
    from carried
    inner join touched on carried.customer_key = touched.customer_key

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
    inner join touched on customers.customer_key = touched.customer_key
    cross join night
    left join latest on customers.customer_key = latest.customer_key
    where latest.customer_key is null or latest.reference_limit_minor <> customers.reference_limit_minor

),

followed as (

    select
        moving_steps.*,
        lead(moving_steps.from_date) over (
            partition by moving_steps.customer_key order by moving_steps.from_date
        ) as until_date
    from moving_steps

)

select
    carried.customer_key,
    carried.from_date,
    carried.reference_limit_minor
from carried
left join touched on carried.customer_key = touched.customer_key
where touched.customer_key is null

union all

select
    followed.customer_key,
    followed.from_date,
    followed.reference_limit_minor
from followed
cross join night
where followed.until_date is null or followed.until_date > {{ add_days('night.business_date', -90) }}
