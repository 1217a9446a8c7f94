-- Grain: one row an account of tonight's snapshot and policy pack: the value after each operator before the caps.
-- min(hard trigger, protect(min(strategy, bounds))), then floor, rounding, balance rule and the account's own maximum.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

bounds as (

    select * from {{ ref('dec_income_bound') }}

),

protections as (

    select * from {{ ref('dec_protection') }}

),

triggers as (

    select * from {{ ref('dec_trigger_bound') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

bounded as (

    select
        accounts.account_key,
        accounts.customer_key,
        accounts.policy_version,
        accounts.is_held,
        accounts.limit_minor,
        accounts.principal_minor,
        packs.floor_minor,
        packs.rounding_minor,
        protections.reason_code as protection_code,
        triggers.bound_minor as trigger_bound_minor,
        triggers.trigger_code,
        coalesce(triggers.is_floored, false) as is_floored_by_trigger,
        coalesce(triggers.is_draw_blocked, false) as is_draw_blocked,
        cases.own_maximum_minor,
        bounds.restated_limit_minor,
        bounds.bounded_minor
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join bounds
        on accounts.account_key = bounds.account_key and accounts.policy_version = bounds.policy_version
    left join protections
        on accounts.account_key = protections.account_key and accounts.policy_version = protections.policy_version
    left join triggers
        on accounts.account_key = triggers.account_key and accounts.policy_version = triggers.policy_version
    left join cases on accounts.account_key = cases.account_key

),

protected as (

    select
        *,
        case when protection_code is not null then greatest(bounded_minor, limit_minor) else bounded_minor end
            as protected_minor
    from bounded

),

triggered as (

    select
        *,
        case when is_held then limit_minor else least(protected_minor, coalesce(trigger_bound_minor, protected_minor)) end
            as triggered_minor
    from protected

),

floored as (

    select
        *,
        -- the floor stops a cut and never raises a limit
        case when is_held then limit_minor else greatest(triggered_minor, least(floor_minor, limit_minor)) end
            as floored_minor
    from triggered

),

rounded as (

    select
        *,
        case
            when floored_minor = limit_minor then limit_minor
            -- a limit that stood once is given back as it was
            when floored_minor = restated_limit_minor then floored_minor
            -- rounding never turns a raise into a cut
            when floored_minor > limit_minor
                then greatest(limit_minor, {{ round_down('floored_minor', 'rounding_minor') }})
            else {{ round_down('floored_minor', 'rounding_minor') }}
        end as rounded_minor,
        -- what is owed, rounded up, is the least that a limit may be without calling for repayment
        least(limit_minor, -{{ round_down('-principal_minor', 'rounding_minor') }}) as owed_minor
    from floored

),

balanced as (

    select
        *,
        case
            when is_held or is_floored_by_trigger then rounded_minor
            else greatest(rounded_minor, owed_minor)
        end as balanced_minor
    from rounded

)

select
    account_key,
    customer_key,
    policy_version,
    is_held,
    limit_minor,
    bounded_minor,
    protection_code,
    protected_minor,
    trigger_bound_minor,
    trigger_code,
    is_draw_blocked,
    triggered_minor,
    floored_minor,
    rounded_minor,
    balanced_minor,
    own_maximum_minor,
    case
        when is_held then limit_minor
        else least(balanced_minor, coalesce(own_maximum_minor, balanced_minor))
    end as requested_minor
from balanced
