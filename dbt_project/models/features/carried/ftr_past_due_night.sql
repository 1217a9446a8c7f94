-- Grain: one row a customer and night past due within 180 days: the days past due of the worst account, net of the days
-- on which a hardship pause ran. Carried over; only new and recomputed nights are read.

with

night as (

    select * from {{ ref('stg_night') }}

),

account_nights as (

    select * from {{ ref('ftr_account_night') }}

),

periods as (

    select * from {{ ref('ftr_paused_period') }}

),

carried as (

    select * from {{ ref('stg_past_due_night') }}

),

recomputed as (

    select * from {{ ref('stg_recomputed_customer') }}

),

past_due as (

    select
        account_nights.account_key,
        account_nights.customer_key,
        account_nights.business_date,
        account_nights.days_past_due,
        -- pauses from longer ago than this are forgotten
        {{ add_days('account_nights.business_date', '1 - least(account_nights.days_past_due, 400)') }} as since_date
    from account_nights
    inner join night on {{ in_window('account_nights.business_date', 180) }}
    where account_nights.days_past_due > 0

),

net as (

    select
        past_due.account_key,
        past_due.customer_key,
        past_due.business_date,
        past_due.days_past_due - sum(
            case
                when periods.from_date <= past_due.business_date and periods.to_date >= past_due.since_date
                    then 1 + {{ days_between(
                        'greatest(past_due.since_date, periods.from_date)',
                        'least(past_due.business_date, periods.to_date)'
                    ) }}
                else 0
            end
        ) as days_past_due
    from past_due
    left join periods on past_due.account_key = periods.account_key
    group by past_due.account_key, past_due.customer_key, past_due.business_date, past_due.days_past_due

)

select
    customer_key,
    business_date,
    cast(max(days_past_due) as bigint) as days_past_due
from net
where days_past_due > 0
group by customer_key, business_date

union all

select
    carried.customer_key,
    carried.business_date,
    carried.days_past_due
from carried
left join recomputed on carried.customer_key = recomputed.customer_key
inner join night on {{ in_window('carried.business_date', 180) }}
where recomputed.customer_key is null
