-- Grain: one row a customer and night, one column a feature.

with

night as (

    select * from {{ ref('stg_night') }}

),

features as (

    select * from {{ ref('ftr_customer') }}

)

select
    night.business_date,
    features.customer_key,
    features.f01_dpd_now,
    features.f02_dpd_max_30d,
    features.f03_dpd_max_180d,
    features.f04_overdue_days_90d,
    features.f05_overdue_ratio_bp,
    features.f06_util_bp,
    features.f07_util_avg_30d_bp,
    features.f08_util_delta_30v90_bp,
    features.f09_maxed_days_90d,
    features.f10_balance_growth_30d_bp,
    features.f11_tenure_days,
    features.f12_revolving_days_90d,
    features.f13_small_apps_7d,
    features.f14_apps_30d,
    features.f15_app_burst_x90,
    features.f16_reject_rate_90d_bp,
    features.f17_distinct_lenders_30d,
    features.f18_night_apps_30d,
    features.f19_late_rate_180d_bp,
    features.f20_avg_days_late_90d,
    features.f21_paid_share_90d_bp,
    features.f22_early_repay_30d,
    features.f23_first_payment_default,
    features.f24_bounced_payments_90d,
    features.f25_inflow_30v90_bp,
    features.f26_spend_30v90_bp,
    features.f27_out_in_ratio_30d_bp,
    features.f28_salary_months_90d,
    features.f29_cash_share_30d_bp,
    features.f30_paid_to_other_lenders_30d_minor,
    features.f31_active_days_30d,
    features.f32_activity_drop_x3,
    features.f33_new_devices_7d,
    features.f34_regions_1d,
    features.f35_failed_logins_1d,
    features.f36_proxy_share_7d_bp,
    features.f37_customers_per_device,
    features.f38_bureau_score,
    features.f39_bureau_score_delta_90d,
    features.f40_external_debt_minor,
    features.f41_related_dpd_30d,
    features.f42_savings_30d_bp,
    features.f43_days_since_balance,
    features.f44_profile_changes_30d
from features
cross join night
