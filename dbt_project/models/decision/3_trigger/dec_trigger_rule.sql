-- Grain: one row a policy pack and trigger: its effect, what cures it, and whether tonight can tell that it is clear.

with

triggers as (

    select * from {{ ref('stg_policy_trigger') }}

),

cures as (

    select * from {{ ref('stg_policy_cure_rule') }}

),

sources as (

    select * from {{ ref('stg_night_source') }}

),

night as (

    select * from {{ ref('stg_night') }}

),

instalments as (

    select * from sources
    where source = 'instalment'

),

effects as (

    select
        triggers.policy_version,
        triggers.trigger_code,
        max(triggers.effect) as effect,
        max(triggers.effect_bp) as effect_bp,
        max(triggers.hold_nights) as hold_nights,
        max(triggers.reason_code) as reason_code,
        bool_or(coalesce(sources.is_distrusted, false) or cases.is_distrusted or night.is_void) as is_undecided
    from triggers
    cross join night
    inner join sources as cases on cases.source = 'case_event'
    left join sources on triggers.source_name = sources.source
    group by triggers.policy_version, triggers.trigger_code

)

select
    effects.policy_version,
    effects.trigger_code,
    effects.effect,
    effects.effect_bp,
    effects.hold_nights,
    effects.reason_code,
    effects.is_undecided,
    cures.clean_nights,
    cures.max_days_past_due,
    cures.min_on_time_instalments,
    -- if a source is never expected, nothing can be asked of it
    case when instalments.is_missing then 0 else cures.min_on_time_instalments end as asked_on_time_instalments,
    instalments.is_distrusted as is_instalment_distrusted
from effects
inner join cures on effects.policy_version = cures.policy_version and effects.trigger_code = cures.trigger_code
cross join instalments
