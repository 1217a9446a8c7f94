-- Grain: one row a policy pack in use. `pack_number` stands for it in the keys of tonight's rows (macros/decision_keys.sql).

with

packs as (

    select * from {{ source('policy', 'pack') }}

)

select
    policy_version,
    cast(row_number() over (order by policy_version) as bigint) as pack_number,
    pack,
    entity,
    jurisdiction,
    currency,
    is_demo,
    score_base,
    score_min,
    score_max,
    lgd_bp,
    ccf_bp,
    adjustment_valid_days,
    tolerance_bp,
    ewma_alpha_pct,
    window_nights,
    needed_nights,
    cut_days,
    raise_days,
    raise_share_bp,
    climb_share_bp,
    min_tenure_days,
    max_days_past_due_30d,
    max_income_age_days,
    is_consent_required,
    median_nights,
    cuts_over_median_pct,
    min_cuts,
    exposure_change_bp,
    floored_share_bp,
    min_floored,
    mass_share_bp,
    mass_min_customers,
    max_variation_bp,
    min_customers,
    max_reasons,
    min_reason_share_bp,
    validator,
    evidence,
    cast(next_due_date as date) as next_due_date,
    {{ to_minor('nightly_budget_amount') }} as nightly_budget_minor,
    {{ to_minor('floor_amount') }} as floor_minor,
    {{ to_minor('rounding_amount') }} as rounding_minor
from packs
