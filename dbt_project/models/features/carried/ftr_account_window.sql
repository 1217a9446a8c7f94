-- Grain: one row a customer with a snapshot or a balance that a window still holds; what tonight hands to the next
-- night. Carried sums change by the nights that enter and leave. For a recomputed customer, the sums start from nothing
-- and count every night.

with

night as (

    select * from {{ ref('stg_night') }}

),

account_nights as (

    select * from {{ ref('ftr_account_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

oldest as (

    select min(business_date) as business_date from account_nights

),

-- in plain bounds: the engine joins them by hashing the customer; with an "or" in the join it would try every pair
steps as (

    select
        all_steps.customer_key,
        all_steps.reference_limit_minor,
        -- the first known limit also counts for the nights before it
        case
            when lag(all_steps.from_date) over (partition by all_steps.customer_key order by all_steps.from_date) is null
                then least(all_steps.from_date, oldest.business_date)
            else all_steps.from_date
        end as from_date,
        coalesce(
            lead(all_steps.from_date) over (partition by all_steps.customer_key order by all_steps.from_date),
            {{ add_days('night.business_date', 1) }}
        ) as until_date
    from {{ ref('ftr_reference_limit_step') }} as all_steps
    cross join oldest
    cross join night

),

recomputed as (

    select * from {{ ref('stg_recomputed_customer') }}

),

carried as (

    select
        all_carried.*,
        {{ days_between('night.previous_business_date', 'night.business_date') }} as days_later
    from {{ ref('stg_account_window') }} as all_carried
    cross join night
    left join recomputed on all_carried.customer_key = recomputed.customer_key
    where recomputed.customer_key is null

),

customer_nights as (

    select
        account_nights.customer_key,
        account_nights.business_date,
        account_nights.is_leaving,
        {{ days_between('account_nights.business_date', 'night.business_date') }} as days_ago,
        cast(sum(account_nights.principal_minor) as bigint) as balance_minor
    from account_nights
    cross join night
    group by
        account_nights.customer_key, account_nights.business_date, account_nights.is_leaving, night.business_date

),

judged as (

    select
        customer_nights.*,
        not customer_nights.is_leaving and customer_nights.balance_minor > 0 as is_revolving,
        -- measured by the reference limit of that night
        not customer_nights.is_leaving
        and steps.reference_limit_minor > 0
        and customer_nights.balance_minor * 10000 >= steps.reference_limit_minor * parameters.near_full_share_bp
            as is_maxed
    from customer_nights
    cross join parameters
    left join steps
        on
            customer_nights.customer_key = steps.customer_key
            and customer_nights.business_date >= steps.from_date
            and customer_nights.business_date < steps.until_date

),

dated as (

    select
        judged.*,
        {{ window_weight('judged.business_date', 30) }} as weight_30d,
        {{ window_weight('judged.business_date', 120, 30) }} as weight_90d_before,
        case when {{ in_window('judged.business_date', 60, 30) }} then judged.business_date end as month_old_date
    from judged
    cross join night

),

moved as (

    select
        customer_key,
        sum(balance_minor * weight_30d) as balance_sum_30d,
        sum(weight_30d) as nights_30d,
        sum(balance_minor * weight_90d_before) as balance_sum_90d_before,
        sum(weight_90d_before) as nights_90d_before,
        sum(case when is_maxed then {{ ring_bit_low('days_ago') }} else 0 end) as maxed_low,
        sum(case when is_maxed then {{ ring_bit_high('days_ago') }} else 0 end) as maxed_high,
        sum(case when is_revolving then {{ ring_bit_low('days_ago') }} else 0 end) as revolving_low,
        sum(case when is_revolving then {{ ring_bit_high('days_ago') }} else 0 end) as revolving_high,
        max_by(balance_minor, month_old_date) as balance_month_ago_minor,
        max(month_old_date) as month_ago_date,
        max(case when is_revolving then business_date end) as last_balance_date
    from dated
    group by customer_key

),

aged as (

    select
        carried.*,
        {{ ring_low_later('maxed_low', 'days_later') }} as maxed_low_later,
        {{ ring_high_later('maxed_low', 'maxed_high', 'days_later') }} as maxed_high_later,
        {{ ring_low_later('revolving_low', 'days_later') }} as revolving_low_later,
        {{ ring_high_later('revolving_low', 'revolving_high', 'days_later') }} as revolving_high_later,
        {{ in_window('carried.month_ago_date', 60, 30) }} as is_still_month_old,
        case when {{ in_window('carried.last_balance_date', 400) }} then carried.last_balance_date end
            as remembered_balance_date
    from carried
    cross join night

),

windows as (

    select
        coalesce(aged.customer_key, moved.customer_key) as customer_key,
        {%- for name in ['balance_sum_30d', 'nights_30d', 'balance_sum_90d_before', 'nights_90d_before'] %}
        cast(coalesce(aged.{{ name }}, 0) + coalesce(moved.{{ name }}, 0) as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['maxed_low', 'maxed_high', 'revolving_low', 'revolving_high'] %}
        cast(coalesce(aged.{{ name }}_later, 0) + coalesce(moved.{{ name }}, 0) as bigint) as {{ name }},
        {%- endfor %}
        case
            when moved.month_ago_date is not null then moved.balance_month_ago_minor
            when aged.is_still_month_old then aged.balance_month_ago_minor
        end as balance_month_ago_minor,
        case
            when moved.month_ago_date is not null then moved.month_ago_date
            when aged.is_still_month_old then aged.month_ago_date
        end as month_ago_date,
        coalesce(moved.last_balance_date, aged.remembered_balance_date) as last_balance_date
    from aged
    full outer join moved on aged.customer_key = moved.customer_key

)

select * from windows
where nights_30d + nights_90d_before > 0 or last_balance_date is not null
