-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_account, what is known of its
-- customer and of its cases, and what the strategy wants. The target is the reference limit times the multiplier of the
-- confirmed score. The core's limit moves only to the edge of the tolerance around the target, by one step, on the
-- customer's slot; a cut never goes below tonight's target. If a restatement owes the account a limit above tonight's,
-- the same is calculated once more from that limit.

with

night as (

    select * from {{ ref('stg_night') }}

),

accounts as (

    select * from {{ ref('dec_account') }}

),

customers as (

    select * from {{ ref('dec_customer') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

restorations as (

    select * from {{ ref('dec_restoration') }}

),

restated as (

    select * from {{ ref('stg_restated_limit_state') }}

),

targets as (

    select
        accounts.*,
        packs.floor_minor,
        packs.rounding_minor,
        packs.raise_share_bp,
        packs.climb_share_bp,
        packs.nightly_budget_minor,
        packs.min_tenure_days,
        packs.max_days_past_due_30d,
        packs.max_income_age_days,
        packs.is_consent_required,
        packs.lgd_bp,
        packs.ccf_bp,
        customers.account_count,
        customers.income_monthly_minor as customer_income_monthly_minor,
        customers.score,
        customers.band,
        customers.pd_bp,
        customers.confirmed_milli,
        customers.f02_dpd_max_30d,
        customers.is_maintenance,
        customers.is_first_night_of_pack,
        customers.cut_step_bp,
        {{ int_div('accounts.reference_limit_minor * customers.confirmed_multiplier_bp', '10000') }} as target_minor,
        {{ int_div('accounts.reference_limit_minor * customers.own_multiplier_bp', '10000') }} as tonight_target_minor,
        {{ slot_is_due('accounts.customer_key', 'packs.cut_days') }}
        -- a cut that was announced is decided again every night
        or (accounts.is_assigned and accounts.carried_pending_minor is not null) as is_cut_slot,
        {{ slot_is_due('accounts.customer_key', 'packs.raise_days') }} as is_raise_slot,
        packs.tolerance_bp,
        coalesce(cases.is_in_hardship, false) as is_in_hardship,
        coalesce(cases.has_open_appeal, false) as has_open_appeal,
        coalesce(cases.has_human_review, false) as has_human_review,
        coalesce(cases.is_legal_hold, false) as is_legal_hold,
        cases.override_minor,
        cases.own_maximum_minor,
        cases.customer_maximum_minor as asked_customer_maximum_minor,
        restorations.account_key is not null as is_hit_by_bad_row,
        case
            when restated.restated_limit_minor > accounts.limit_minor and not accounts.keeps_limit
                then restated.restated_limit_minor
        end as open_restated_minor
    from accounts
    cross join night
    inner join packs on accounts.pack_number = packs.pack_number
    inner join customers on accounts.customer_decision_key = customers.customer_decision_key
    left join cases on accounts.account_key = cases.account_key
    left join restorations on accounts.account_key = restorations.account_key
    left join restated on accounts.account_key = restated.account_key

),

edged as (

    select
        *,
        {{ int_div('target_minor * (10000 - tolerance_bp)', '10000') }} as lower_edge_minor,
        {{ int_div('target_minor * (10000 + tolerance_bp)', '10000') }} as upper_edge_minor,
        not keeps_limit and override_minor is not null as is_overridden
    from targets

),

stepped as (

    select
        *,
        {{ strategy_from('limit_minor') }} as wanted_minor,
        case when open_restated_minor is not null then {{ strategy_from('open_restated_minor') }} end as open_restated_strategy_minor,
        -- what a bad row took goes back at once, without steps and without waiting for a slot
        case
            when
                is_hit_by_bad_row
                and not keeps_limit
                and override_minor is null
                and least(reference_limit_minor, tonight_target_minor) > limit_minor
                then least(reference_limit_minor, tonight_target_minor)
        end as restored_minor
    from edged

)

select
    *,
    restored_minor is not null as is_restored,
    greatest(wanted_minor, coalesce(restored_minor, wanted_minor)) as strategy_minor
from stepped
