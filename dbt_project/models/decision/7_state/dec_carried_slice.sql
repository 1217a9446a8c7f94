-- Grain: one row a slice and valid night, for as many nights up to tonight as the breaker's median needs. A slice that
-- tonight's snapshot does not name keeps what it had.

with

totals as (

    select * from {{ ref('dec_slice_total') }}

),

carried as (

    select * from {{ ref('stg_slice_state') }}

),

known as (

    select
        slice_code,
        business_date,
        account_count,
        down_count
    from totals

    union all

    select
        slice_code,
        business_date,
        account_count,
        down_count
    from carried

),

in_order as (

    select
        known.*,
        totals.median_nights,
        row_number() over (partition by known.slice_code order by known.business_date desc) as nights_back
    from known
    left join totals on known.slice_code = totals.slice_code

)

select
    slice_code,
    business_date,
    account_count,
    down_count
from in_order
where coalesce(nights_back <= median_nights, true)
