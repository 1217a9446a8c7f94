-- Grain: one row a slice of tonight's snapshot: is it held because it moves abnormally many limits? The median is the
-- lower median of the cuts of the known valid nights. If fewer than half of the nights asked for are known, there is no
-- median and its rule does not apply. A slice in which few limits move is never held for its exposure, because one
-- account may be a large part of it.

with

totals as (

    select * from {{ ref('dec_slice_total') }}

),

carried as (

    select * from {{ ref('stg_slice_state') }}

),

in_order as (

    select
        slice_code,
        down_count,
        count(*) over (partition by slice_code) as night_count,
        row_number() over (partition by slice_code order by down_count, business_date) as place
    from carried

),

medians as (

    select
        slice_code,
        night_count,
        min(down_count) as median_down_count
    from in_order
    where place + place >= night_count
    group by slice_code, night_count

),

compared as (

    select
        totals.*,
        case
            when medians.night_count + medians.night_count >= totals.median_nights then medians.median_down_count
        end as median_down_count
    from totals
    left join medians on totals.slice_code = medians.slice_code

),

judged as (

    select
        *,
        coalesce(
            down_count > min_cuts and 100 * down_count > cuts_over_median_pct * median_down_count, false
        ) as has_many_cuts,
        down_count + up_count > min_cuts
        and 10000 * exposure_change_minor > exposure_change_bp * exposure_before_minor as has_much_exposure_moved,
        newly_floored_count > min_floored
        and 10000 * newly_floored_count > floored_share_bp * account_count as has_many_floored
    from compared

)

select
    *,
    has_many_cuts or has_much_exposure_moved or has_many_floored as is_held,
    nullif(
        concat_ws(
            '; ',
            case
                when has_many_cuts
                    then 'cuts: ' || {{ as_text('down_count') }} || ', median ' || {{ as_text('median_down_count') }}
            end,
            case
                when has_much_exposure_moved
                    then 'exposure: moved by ' || {{ as_text(bp('exposure_change_minor', 'exposure_before_minor')) }} || ' bp'
            end,
            case
                when has_many_floored
                    then 'floored: ' || {{ as_text('newly_floored_count') }} || ' of ' || {{ as_text('account_count') }}
            end
        ),
        ''
    ) as hold_reason
from judged
