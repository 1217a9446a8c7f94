-- Grain: one row a customer and policy pack: what several nights say together.
-- A smoothed score, its last values, and of these the one that enough nights confirm. A night that does not count leaves
-- all of it as it was.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

exposures as (

    select * from {{ ref('dec_exposure') }}

),

features as (

    select * from {{ ref('dec_believed_feature') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

scores as (

    select * from {{ ref('dec_score') }}

),

freezes as (

    select * from {{ ref('dec_freeze') }}
    where is_frozen

),

resting_customers as (

    select * from {{ ref('dec_resting_customer') }}

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
        exposures.customer_key,
        exposures.policy_version,
        exposures.pack,
        greatest(exposures.reference_limit_minor, coalesce(carried.reference_limit_minor, 0)) as reference_limit_minor,
        packs.window_nights,
        packs.needed_nights,
        packs.ewma_alpha_pct,
        {{ to_milli('scores.score') }} as score_milli,
        carried.smoothed_milli as smoothed_milli_before,
        {{ newest_of('carried.smoothed_milli') }} as newest_milli,
        maintenance.policy_version is not null as is_maintenance,
        not features.is_new_customer and coalesce(carried.policy_version <> exposures.policy_version, true)
            as is_first_night_of_pack,
        not night.is_void
        and resting_customers.customer_key is null
        and not exposures.is_evidence_suspended
        and freezes.customer_key is null
        and maintenance.policy_version is null as is_counted,
        carried.customer_key is null or exposures.reference_limit_minor > carried.reference_limit_minor
            as is_reference_night
    from exposures
    cross join night
    inner join packs on exposures.policy_version = packs.policy_version
    inner join features on exposures.customer_key = features.customer_key
    inner join scores
        on exposures.customer_key = scores.customer_key and exposures.policy_version = scores.policy_version
    left join freezes
        on exposures.customer_key = freezes.customer_key and exposures.policy_version = freezes.policy_version
    left join maintenance on exposures.policy_version = maintenance.policy_version
    left join resting_customers on exposures.customer_key = resting_customers.customer_key
    left join carried on exposures.customer_key = carried.customer_key and exposures.pack = carried.pack

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
    customer_key,
    policy_version,
    pack,
    reference_limit_minor,
    is_reference_night,
    is_maintenance,
    is_first_night_of_pack,
    is_counted,
    score_milli,
    smoothed_milli,
    {{ kth_smallest('smoothed_milli', 'needed_nights') }} as confirmed_milli
from smoothed
