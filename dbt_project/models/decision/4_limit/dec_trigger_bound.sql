-- Grain: one row an account of tonight's snapshot and policy pack with a sustained trigger: what the triggers allow. A
-- trigger bounds the limit if it is sustained and not inherited. The smallest bound counts.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

triggers as (

    select * from {{ ref('dec_trigger') }}
    where not is_cured and is_sustained and not is_inherited

),

bounds as (

    select
        accounts.decision_key,
        triggers.trigger_code,
        triggers.effect,
        triggers.is_evidence_late,
        accounts.limit_minor,
        case
            when triggers.effect = 'floor' then packs.floor_minor
            when triggers.effect = 'share_of_reference'
                then {{ int_div('accounts.reference_limit_minor * triggers.effect_bp', '10000') }}
        end as effect_bound_minor
    from accounts
    inner join packs on accounts.pack_number = packs.pack_number
    inner join triggers on accounts.customer_decision_key = triggers.customer_decision_key

),

-- a late source cuts nobody
eased as (

    select
        *,
        case
            when is_evidence_late and limit_minor > effect_bound_minor then limit_minor else effect_bound_minor
        end as bound_minor
    from bounds

),

ranked as (

    select
        *,
        row_number() over (
            partition by decision_key
            order by case when bound_minor is null then 1 else 0 end, bound_minor, trigger_code
        ) as tightness
    from eased

)

select
    decision_key,
    max(case when tightness = 1 then bound_minor end) as bound_minor,
    max(case when tightness = 1 then trigger_code end) as trigger_code,
    bool_or(effect = 'floor') as is_floored,
    bool_or(effect in ('floor', 'block_draws')) as is_draw_blocked
from ranked
group by decision_key
