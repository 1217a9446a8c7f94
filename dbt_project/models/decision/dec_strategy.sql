-- Grain: one row an account of tonight's snapshot and policy pack.
-- The target is the reference limit times the multiplier of the confirmed score. The core's limit moves only to the edge
-- of the play band around it, by one step, on the customer's slot; a cut never goes below tonight's own target.
-- Where a restatement owes the account a limit above tonight's, the same is asked once more from there.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

multipliers as (

    select * from {{ ref('dec_customer_multiplier') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

restorations as (

    select * from {{ ref('dec_restoration') }}

),

restated as (

    select * from {{ ref('stg_restated_limit_state') }}

),

-- the limits to step from: tonight's, and one that is owed above it
starts as (

    select
        accounts.*,
        accounts.limit_minor as start_minor,
        false as is_restated
    from accounts

    union all

    select
        accounts.*,
        restated.restated_limit_minor as start_minor,
        true as is_restated
    from accounts
    inner join restated on accounts.account_key = restated.account_key
    where restated.restated_limit_minor > accounts.limit_minor and not accounts.is_held

),

targets as (

    select
        starts.account_key,
        starts.customer_key,
        starts.policy_version,
        starts.is_held,
        starts.is_restated,
        starts.start_minor,
        starts.reference_limit_minor,
        packs.play_bp,
        {{ int_div('starts.reference_limit_minor * multipliers.confirmed_multiplier_bp', '10000') }} as target_minor,
        {{ int_div('starts.reference_limit_minor * multipliers.own_multiplier_bp', '10000') }} as own_target_minor,
        case
            when
                {{ slot_is_due('starts.customer_key', 'packs.cut_days') }}
                -- what was announced is weighed every night
                or (starts.is_assigned and carried.pending_minor is not null)
                then starts.start_minor - {{ int_div('starts.start_minor * (10000 - multipliers.cut_step_bp)', '10000') }}
            else 0
        end as down_minor,
        case
            when {{ slot_is_due('starts.customer_key', 'packs.raise_days') }}
                then
                    greatest(
                        {{ int_div('starts.start_minor * packs.raise_share_bp', '10000') }},
                        least(
                            {{ int_div('starts.reference_limit_minor * packs.climb_share_bp', '10000') }},
                            starts.reference_limit_minor - starts.start_minor
                        )
                    )
            else 0
        end as up_minor,
        cases.override_minor,
        restorations.account_key is not null and not starts.is_restated as is_wronged
    from starts
    cross join night
    inner join packs on starts.policy_version = packs.policy_version
    inner join multipliers
        on
            starts.customer_key = multipliers.customer_key
            and starts.policy_version = multipliers.policy_version
    left join cases on starts.account_key = cases.account_key
    left join restorations on starts.account_key = restorations.account_key
    left join carried on starts.account_key = carried.account_key

),

stepped as (

    select
        *,
        least(
            greatest(
                least(
                    greatest(start_minor, {{ int_div('target_minor * (10000 - play_bp)', '10000') }}),
                    {{ int_div('target_minor * (10000 + play_bp)', '10000') }}
                ),
                start_minor - down_minor
            ),
            start_minor + up_minor
        ) as stepped_minor
    from targets

),

decided as (

    select
        *,
        not is_held and override_minor is not null as is_overridden,
        case
            when is_held then start_minor
            when override_minor is not null then override_minor
            when target_minor is null then start_minor
            else greatest(stepped_minor, least(start_minor, own_target_minor))
        end as wanted_minor,
        -- what a bad row took goes back without steps and without waiting for a slot
        case
            when
                is_wronged
                and not is_held
                and override_minor is null
                and least(reference_limit_minor, own_target_minor) > start_minor
                then least(reference_limit_minor, own_target_minor)
        end as restored_minor
    from stepped

)

select
    ordinary.account_key,
    ordinary.customer_key,
    ordinary.policy_version,
    ordinary.target_minor,
    ordinary.own_target_minor,
    ordinary.is_overridden,
    ordinary.restored_minor is not null as is_restored,
    ordinary.restored_minor,
    greatest(ordinary.wanted_minor, coalesce(ordinary.restored_minor, ordinary.wanted_minor)) as strategy_minor,
    owed.start_minor as restated_limit_minor,
    owed.wanted_minor as restated_strategy_minor
from decided as ordinary
left join decided as owed
    on
        ordinary.account_key = owed.account_key
        and ordinary.policy_version = owed.policy_version
        and owed.is_restated
where not ordinary.is_restated
