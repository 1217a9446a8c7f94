-- Grain: one row a customer with a cash flow that a window still holds; what tonight hands to the next night. Carried
-- sums change by the flows that arrive and by the days that enter or leave a window. For a customer with a corrected
-- flow, or who is merged or split tonight, the sums start from nothing and count every flow. If nothing was carried,
-- that is so for everybody. The model reads flows in each place that needs them and not in one import at the top,
-- because an expression with many readers is kept in memory as a whole, while each of these reads opens only the files
-- that it needs.

{%- set amounts = [
    'inflow_30d', 'inflow_90d_before', 'outflow_30d', 'spend_30d', 'spend_90d_before', 'withdrawn_30d',
    'paid_to_other_lenders_30d',
] %}

with

night as (

    select * from {{ ref('stg_night') }}

),

moved_customers as (

    select * from {{ ref('stg_moved_customer') }}

),

corrected as (

    select distinct arrived.customer_key
    from {{ ref('stg_cash_flow') }} as arrived
    inner join {{ ref('stg_cash_flow_known') }} as known
        on
            arrived.flow_date = known.flow_date
            and arrived.customer_key = known.customer_key
            and arrived.delivered_key = known.delivered_key
            and arrived.direction = known.direction
            and arrived.kind = known.kind

    union

    select carried_key as customer_key from moved_customers

    union

    select customer_key from moved_customers

),

moving_days as (

    select distinct {{ add_days('night.previous_business_date', '1 + days.number - ages.age') }} as flow_date
    from night
    cross join ({{ whole_numbers(longest_activity_window()) }}) as days
    cross join (select 0 as age union all select 30 as age union all select 120 as age) as ages
    where days.number < {{ days_between('night.previous_business_date', 'night.business_date') }}

),

read_tonight as {{ not_materialized() }} (

    select
        arrived.*,
        false as is_leaving
    from {{ ref('stg_cash_flow') }} as arrived

    union all

    select
        known.*,
        false as is_leaving
    from {{ ref('stg_cash_flow_known') }} as known
    inner join corrected on known.customer_key = corrected.customer_key

    union all

    select
        known.*,
        true as is_leaving
    from {{ ref('stg_cash_flow_known') }} as known
    inner join moving_days on known.flow_date = moving_days.flow_date
    left join corrected on known.customer_key = corrected.customer_key
    where corrected.customer_key is null

),

-- A file holds a flow of an id once, so a flow can come again only on a day that two files cover. If a customer has two
-- ids, renumbered or merged, a file may hold two flows; the file that counts does so with both.
contested_days as (

    select flow_date
    from (
        select distinct
            flow_date,
            batch_id,
            business_date
        from read_tonight
    ) as files
    group by flow_date
    having count(*) > 1

),

latest as (

    select
        read_tonight.*,
        1 as version_rank
    from read_tonight
    left join contested_days on read_tonight.flow_date = contested_days.flow_date
    where contested_days.flow_date is null

    union all

    select
        read_tonight.*,
        rank() over (
            partition by
                read_tonight.customer_key, read_tonight.delivered_key,
                read_tonight.flow_date, read_tonight.direction, read_tonight.kind
            order by read_tonight.known_at desc, read_tonight.batch_id desc, read_tonight.business_date desc
        ) as version_rank
    from read_tonight
    inner join contested_days on read_tonight.flow_date = contested_days.flow_date

),

dated as (

    select
        latest.*,
        {{ window_weight('latest.flow_date', 30) }} as weight_30d,
        {{ window_weight('latest.flow_date', 120, 30) }} as weight_90d_before,
        case when {{ in_window('latest.flow_date', 120) }} then {{ days_between('latest.flow_date', 'night.business_date') }} end
            as days_ago,
        case when latest.kind = 'salary' and latest.flow_date <= night.business_date then latest.flow_date end as salary_date
    from latest
    cross join night
    where latest.version_rank = 1

),

moved as (

    select
        customer_key,
        sum(case when direction = 'in' then amount_minor * weight_30d else 0 end) as inflow_30d,
        sum(case when direction = 'in' then amount_minor * weight_90d_before else 0 end) as inflow_90d_before,
        sum(case when direction = 'out' then amount_minor * weight_30d else 0 end) as outflow_30d,
        sum(case when kind = 'consume' then amount_minor * weight_30d else 0 end) as spend_30d,
        sum(case when kind = 'consume' then amount_minor * weight_90d_before else 0 end) as spend_90d_before,
        sum(case when kind = 'withdraw' then amount_minor * weight_30d else 0 end) as withdrawn_30d,
        sum(case when kind = 'repay_other' then amount_minor * weight_30d else 0 end) as paid_to_other_lenders_30d,
        bit_or(case when days_ago is not null then {{ ring_bit_low('days_ago', 60) }} else 0 end) as active_low,
        bit_or(case when days_ago is not null then {{ ring_bit_high('days_ago', 60) }} else 0 end) as active_high
        {%- for remainder in range(4) %},
        max(case when {{ month_number('salary_date') }} % 4 = {{ remainder }} then salary_date end)
            as salary_{{ remainder }}_date
        {%- endfor %}
    from dated
    group by customer_key

),

aged as (

    select
        carried.*,
        {{ ring_low_later('carried.active_low', 'days_later', 60) }} as active_low_later,
        {{ ring_high_later('carried.active_low', 'carried.active_high', 'days_later', 60) }} as active_high_later
    from (
        select
            all_carried.*,
            {{ days_between('night.previous_business_date', 'night.business_date') }} as days_later
        from {{ ref('stg_cash_flow_window') }} as all_carried
        cross join night
    ) as carried
    left join corrected on carried.customer_key = corrected.customer_key
    where corrected.customer_key is null

),

windows as (

    select
        coalesce(aged.customer_key, moved.customer_key) as customer_key,
        {%- for name in amounts %}
        cast(coalesce(aged.{{ name }}, 0) + coalesce(moved.{{ name }}, 0) as bigint) as {{ name }},
        {%- endfor %}
        coalesce(aged.active_low_later, 0) | coalesce(moved.active_low, 0) as active_low,
        coalesce(aged.active_high_later, 0) | coalesce(moved.active_high, 0) as active_high
        {%- for remainder in range(4) %},
        greatest(aged.salary_{{ remainder }}_date, moved.salary_{{ remainder }}_date) as salary_{{ remainder }}_date
        {%- endfor %}
    from aged
    full outer join moved on aged.customer_key = moved.customer_key

)

select
    customer_key,
    {{ amounts | join(',\n    ') }},
    active_low,
    active_high
    {%- for remainder in range(4) %},
    case when {{ in_window('windows.salary_' ~ remainder ~ '_date', 90) }} then windows.salary_{{ remainder }}_date end
        as salary_{{ remainder }}_date
    {%- endfor %}
from windows
cross join night
-- keep customers with a cash flow on a day that a window holds
where active_low <> 0 or active_high <> 0
