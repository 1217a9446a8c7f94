-- Grain: one row a slice of tonight's snapshot: what its assigned decisions add up to, and the breaker's parameters.
-- Where several packs decide in a slice, the strictest parameter counts.

{{ config(materialized='table') }}

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

)

select
    decisions.business_date,
    decisions.slice_code,
    cast(sum(case when decisions.is_open then 1 else 0 end) as bigint) as account_count,
    cast(sum(case when decisions.action = 'UP' then 1 else 0 end) as bigint) as up_count,
    cast(sum(case when decisions.action = 'DOWN' then 1 else 0 end) as bigint) as down_count,
    -- cuts to the floor, or to nothing at all
    cast(
        sum(
            case
                when
                    decisions.action = 'DOWN'
                    and decisions.display_state in ('FLOORED', 'REDUCED')
                    and decisions.recommended_minor <= packs.floor_minor
                    then 1
                else 0
            end
        ) as bigint
    ) as newly_floored_count,
    cast(sum(case when decisions.is_open then decisions.old_limit_minor else 0 end) as bigint) as exposure_before_minor,
    cast(sum(case when decisions.is_open then decisions.recommended_minor else 0 end) as bigint) as exposure_after_minor,
    -- cuts and raises do not cancel each other out
    cast(
        sum(case when decisions.is_open then abs(decisions.recommended_minor - decisions.old_limit_minor) else 0 end)
        as bigint
    ) as exposure_change_minor,
    max(packs.median_nights) as median_nights,
    min(packs.cuts_over_median_pct) as cuts_over_median_pct,
    min(packs.min_cuts) as min_cuts,
    min(packs.exposure_change_bp) as exposure_change_bp,
    min(packs.min_floored) as min_floored,
    min(packs.floored_share_bp) as floored_share_bp
from decisions
inner join packs on decisions.pack_number = packs.pack_number
group by decisions.business_date, decisions.slice_code
