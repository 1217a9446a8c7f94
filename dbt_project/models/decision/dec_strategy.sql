-- Grain: one row an account of tonight's snapshot and policy pack.
-- The target is the reference limit times the multiplier of the confirmed score. The core's limit moves only to the edge
-- of the play band around it, by one step, on the customer's slot; a cut never goes below tonight's own target.

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

restorations as (

    select * from {{ ref('dec_restoration') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

targets as (

    select
        accounts.account_key,
        accounts.customer_key,
        accounts.policy_version,
        accounts.is_held,
        accounts.limit_minor,
        accounts.reference_limit_minor,
        packs.play_bp,
        {{ int_div('accounts.reference_limit_minor * multipliers.confirmed_multiplier_bp', '10000') }} as target_minor,
        {{ int_div('accounts.reference_limit_minor * multipliers.own_multiplier_bp', '10000') }} as own_target_minor,
        case
            when
                {{ slot_is_due('accounts.customer_key', 'packs.cut_days') }}
                -- what was announced is weighed every night
                or (accounts.is_assigned and carried.pending_minor is not null)
                then accounts.limit_minor - {{ int_div('accounts.limit_minor * (10000 - multipliers.cut_step_bp)', '10000') }}
            else 0
        end as down_minor,
        case
            when {{ slot_is_due('accounts.customer_key', 'packs.raise_days') }}
                then
                    greatest(
                        {{ int_div('accounts.limit_minor * packs.raise_share_bp', '10000') }},
                        least(
                            {{ int_div('accounts.reference_limit_minor * packs.climb_share_bp', '10000') }},
                            accounts.reference_limit_minor - accounts.limit_minor
                        )
                    )
            else 0
        end as up_minor,
        cases.override_minor,
        restorations.account_key is not null as is_wronged
    from accounts
    cross join night
    inner join packs on accounts.policy_version = packs.policy_version
    inner join multipliers
        on
            accounts.customer_key = multipliers.customer_key
            and accounts.policy_version = multipliers.policy_version
    left join cases on accounts.account_key = cases.account_key
    left join restorations on accounts.account_key = restorations.account_key
    left join carried on accounts.account_key = carried.account_key

),

stepped as (

    select
        *,
        least(
            greatest(
                least(
                    greatest(limit_minor, {{ int_div('target_minor * (10000 - play_bp)', '10000') }}),
                    {{ int_div('target_minor * (10000 + play_bp)', '10000') }}
                ),
                limit_minor - down_minor
            ),
            limit_minor + up_minor
        ) as stepped_minor
    from targets

),

wanted as (

    select
        *,
        case
            when is_held then limit_minor
            when override_minor is not null then override_minor
            when target_minor is null then limit_minor
            else greatest(stepped_minor, least(limit_minor, own_target_minor))
        end as wanted_minor,
        -- what a bad row took goes back without steps and without waiting for a slot
        case
            when
                is_wronged
                and not is_held
                and override_minor is null
                and least(reference_limit_minor, own_target_minor) > limit_minor
                then least(reference_limit_minor, own_target_minor)
        end as restored_minor
    from stepped

)

select
    account_key,
    customer_key,
    policy_version,
    target_minor,
    own_target_minor,
    not is_held and override_minor is not null as is_overridden,
    restored_minor is not null as is_restored,
    restored_minor,
    greatest(wanted_minor, coalesce(restored_minor, wanted_minor)) as strategy_minor
from wanted
