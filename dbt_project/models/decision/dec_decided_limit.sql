-- Grain: one row an account of tonight's snapshot and policy pack: the limit as all operators compose it, before a cut
-- that has to wait for its notice.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}

),

strategies as (

    select * from {{ ref('dec_strategy') }}

),

bounds as (

    select * from {{ ref('dec_bound') }}

),

incomes as (

    select * from {{ ref('dec_income_bound') }}

),

compositions as (

    select * from {{ ref('dec_composition') }}

),

maxima as (

    select * from {{ ref('dec_own_maximum') }}

),

caps as (

    select * from {{ ref('dec_regulatory_cap') }}

),

overlays as (

    select * from {{ ref('dec_overlay') }}

)

select
    accounts.business_date,
    accounts.account_key,
    accounts.customer_key,
    accounts.policy_version,
    accounts.is_held,
    accounts.is_open,
    accounts.limit_minor,
    accounts.reference_limit_minor,
    strategies.target_minor,
    strategies.own_target_minor,
    strategies.is_overridden,
    strategies.is_restored,
    strategies.strategy_minor,
    bounds.tier_bound_minor,
    incomes.customer_income_bound_minor,
    bounds.is_raise_forbidden,
    bounds.tiered_minor,
    bounds.permitted_minor,
    incomes.is_budget_spent,
    incomes.budgeted_minor,
    incomes.restated_minor,
    bounds.min_draw_minor,
    compositions.bounded_minor,
    compositions.protection_code,
    compositions.protected_minor,
    compositions.trigger_code,
    compositions.trigger_bound_minor,
    compositions.is_draw_blocked,
    compositions.triggered_minor,
    compositions.floored_minor,
    compositions.rounded_minor,
    compositions.balanced_minor,
    compositions.own_maximum_minor,
    compositions.requested_minor,
    maxima.customer_maximum_minor,
    maxima.maximised_minor,
    caps.rule_id as cap_rule_id,
    caps.cap_minor,
    caps.room_minor as cap_room_minor,
    coalesce(caps.capped_minor, maxima.maximised_minor) as capped_minor,
    -- a limit that stands at the cap is capped on every night, not only on the one that lowered it
    coalesce(
        caps.capped_minor < maxima.maximised_minor
        or (caps.is_cap_reached and caps.capped_minor < accounts.reference_limit_minor),
        false
    ) as is_capped,
    coalesce(overlays.is_overlaid, false) as is_overlaid,
    overlays.action as overlay_action,
    overlays.reason_code as overlay_code,
    case
        -- on the night of a restore the limit is still exactly the one that was frozen
        when overlays.account_key is not null then accounts.limit_minor
        else coalesce(caps.capped_minor, maxima.maximised_minor)
    end as decided_minor
from accounts
inner join strategies
    on accounts.account_key = strategies.account_key and accounts.policy_version = strategies.policy_version
inner join bounds on accounts.account_key = bounds.account_key and accounts.policy_version = bounds.policy_version
inner join incomes
    on accounts.account_key = incomes.account_key and accounts.policy_version = incomes.policy_version
inner join compositions
    on accounts.account_key = compositions.account_key and accounts.policy_version = compositions.policy_version
inner join maxima on accounts.account_key = maxima.account_key and accounts.policy_version = maxima.policy_version
left join caps on accounts.account_key = caps.account_key and accounts.policy_version = caps.policy_version
left join overlays
    on accounts.account_key = overlays.account_key and accounts.policy_version = overlays.policy_version
