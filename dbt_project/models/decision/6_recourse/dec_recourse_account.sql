-- Grain: one row an assigned account whose limit is below its reference limit and for which a date can be looked for
-- tonight: from what the climb back starts, and what bounds it. An account with a date that still holds keeps that
-- date. An account that had no date is asked again on its slot.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

limits as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

incomes as (

    select coalesce(bool_or(income_monthly_minor > 0), false) as is_any_known from accounts

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

calendars as (

    select * from {{ ref('stg_policy_calendar') }}

),

customers as (

    select * from {{ ref('dec_customer') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

promises as (

    select * from {{ ref('dec_promise') }}

),

caps as (

    select * from {{ ref('stg_policy_regulatory_cap') }}

),

cells as (

    select
        policy_version,
        max(multiplier_bp) as best_multiplier_bp
    from {{ ref('dec_strategy_cell') }}
    group by policy_version

),

snapshots as (

    select * from {{ ref('stg_night_source') }}
    where source = 'account_snapshot'

),

trust as (

    select * from {{ ref('dec_night_trust') }}

),

account_caps as (

    select
        accounts.account_key,
        min(caps.cap_minor) as cap_minor
    from accounts
    inner join caps
        on
            accounts.policy_version = caps.policy_version
            and caps.legal_entity_code in (accounts.legal_entity_code, '*')
            and caps.purpose_code in (accounts.purpose_code, '*')
            and caps.channel_code in (accounts.channel_code, '*')
    group by accounts.account_key

),

-- the most that the customer's accounts could have together, whichever packs decide them
together as (

    select
        accounts.customer_key,
        count(*) as account_count,
        sum(
            greatest(
                accounts.limit_minor,
                {{ int_div('accounts.reference_limit_minor * greatest(cells.best_multiplier_bp, 10000)', '10000') }}
            )
        ) as max_minor
    from accounts
    inner join cells on accounts.policy_version = cells.policy_version
    group by accounts.customer_key

)

select
    limits.business_date,
    limits.account_key,
    limits.customer_key,
    limits.customer_decision_key,
    limits.policy_version,
    limits.reference_limit_minor,
    least(limits.recommended_minor, coalesce(limits.pending_minor, limits.recommended_minor)) as start_minor,
    packs.floor_minor,
    packs.rounding_minor,
    packs.tolerance_bp,
    packs.raise_days,
    packs.raise_share_bp,
    packs.climb_share_bp,
    packs.score_min,
    packs.score_max,
    packs.ewma_alpha_pct,
    packs.window_nights,
    packs.needed_nights,
    customers.point_sum,
    {{ newest_of('customers.smoothed_milli') }} as smoothed_milli,
    customers.utilisation_bp,
    customers.f01_dpd_now > 0 as is_past_due,
    coalesce(customers.f41_related_dpd_30d > 0, false) as is_related_past_due,
    customers.arrears_minor,
    {{ add_days('limits.business_date', 'parameters.recourse_acting_days') }} as act_by_date,
    {{ add_days('accounts.opened_date', 'packs.min_tenure_days') }} as tenure_date,
    snapshots.coverage_from_date as snapshots_from_date,
    case
        when packs.max_income_age_days is null then null
        when coalesce(accounts.income_monthly_minor, 0) <= 0 or accounts.income_as_of_date is null
            then limits.business_date
        else {{ add_days('accounts.income_as_of_date', 'packs.max_income_age_days') }}
    end as income_until_date,
    packs.is_consent_required and coalesce(accounts.raise_consent_code, 'unknown') <> 'opted_in' as is_consent_asked,
    together.account_count > 1 as has_several_accounts,
    together.max_minor as customer_max_minor,
    least(
        coalesce(limits.tier_bound_minor, {{ highest_value() }}),
        coalesce(limits.own_maximum_minor, {{ highest_value() }})
    ) as account_bound_minor,
    least(
        coalesce(limits.customer_income_bound_minor, {{ highest_value() }}),
        coalesce(limits.customer_maximum_minor, {{ highest_value() }}),
        coalesce(account_caps.cap_minor, {{ highest_value() }})
    ) as customer_bound_minor
from limits
cross join night
cross join parameters
cross join snapshots
cross join trust
cross join incomes
inner join accounts on limits.account_key = accounts.account_key
inner join packs on limits.policy_version = packs.policy_version
inner join calendars on limits.policy_version = calendars.policy_version
inner join customers on limits.customer_decision_key = customers.customer_decision_key
inner join together on limits.customer_key = together.customer_key
left join account_caps on limits.account_key = account_caps.account_key
left join cases on limits.account_key = cases.account_key
left join promises on limits.account_key = promises.account_key
where
    least(limits.recommended_minor, coalesce(limits.pending_minor, limits.recommended_minor)) < limits.reference_limit_minor
    and not limits.keeps_limit
    and limits.overlay_code is null
    and not limits.is_overridden
    and limits.tier_bound_minor is not null
    -- a raise that may have to wait for a budget has no date
    and packs.nightly_budget_minor is null
    -- the date counts every day as a night
    and calendars.is_night_every_day
    -- If an income is still to be stated, it bounds the limit by an amount that nobody knows. If no account has a known
    -- income, to state one would not help.
    and (
        coalesce(accounts.income_monthly_minor, 0) > 0
        or packs.max_income_age_days is null
        or (limits.income_multiple_bp is null and incomes.is_any_known)
    )
    and customers.is_counted
    and not trust.is_any_distrusted
    and not coalesce(
        cases.is_in_hardship or cases.has_open_appeal or cases.has_human_review or cases.is_legal_hold, false
    )
    and coalesce(promises.status, 'NONE') in ('NONE', 'VOIDED', 'MISSED')
    and (
        limits.action = 'DOWN'
        or limits.is_pending
        or promises.account_key is not null
        or {{ slot_is_due('limits.customer_key', 'packs.cut_days') }}
    )
