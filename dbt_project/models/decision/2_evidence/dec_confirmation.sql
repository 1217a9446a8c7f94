-- Grain: one row a customer and policy pack: the row of dec_score with what several nights say together. It adds a
-- smoothed score, the last smoothed scores, and the one of them that enough nights confirm. A night that does not count
-- changes none of them.

with

night as (

    select * from {{ ref('stg_night') }}

),

scores as (

    select * from {{ ref('dec_score') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

freezes as (

    select * from {{ ref('dec_freeze') }}
    where is_frozen

),

maintenance as (

    select distinct policy_version
    from {{ ref('stg_policy_maintenance_window') }}
    where source_name = '*'

),

carried as (

    select * from {{ ref('stg_confirmation_state') }}

),

judged as (

    select
        scores.*,
        greatest(scores.reference_limit_minor, coalesce(carried.reference_limit_minor, 0)) as confirmed_reference_limit_minor,
        packs.window_nights,
        packs.needed_nights,
        packs.ewma_alpha_pct,
        {{ to_milli('scores.score') }} as score_milli,
        carried.smoothed_milli as smoothed_milli_before,
        {{ newest_of('carried.smoothed_milli') }} as newest_milli,
        maintenance.policy_version is not null as is_maintenance,
        carried.customer_key is null as is_new_to_pack,
        not scores.is_new_customer and coalesce(carried.policy_version <> scores.policy_version, true)
            as is_first_night_of_pack,
        not night.is_void
        and not scores.is_at_rest
        and not scores.is_evidence_suspended
        and freezes.customer_decision_key is null
        and maintenance.policy_version is null as is_counted,
        carried.customer_key is null or scores.reference_limit_minor > carried.reference_limit_minor
            as is_reference_night
    from scores
    cross join night
    inner join packs on scores.pack_number = packs.pack_number
    left join freezes on scores.customer_decision_key = freezes.customer_decision_key
    left join maintenance on scores.policy_version = maintenance.policy_version
    left join carried on scores.customer_key = carried.customer_key and scores.pack = carried.pack

),

smoothed as (

    select
        *,
        case
            when not is_counted then smoothed_milli_before
            when newest_milli is null then {{ append_recent('smoothed_milli_before', 'score_milli', 'window_nights') }}
            else {{ append_recent(
                'smoothed_milli_before',
                'newest_milli + ' ~ int_div('ewma_alpha_pct * (score_milli - newest_milli)', '100'),
                'window_nights'
            ) }}
        end as smoothed_milli
    from judged

)

select
    *,
    {{ kth_smallest('smoothed_milli', 'needed_nights') }} as confirmed_milli
from smoothed
