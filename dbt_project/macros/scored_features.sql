{# Features that a scorecard may use (role credit in seeds/feature.csv), in their order. A test holds the two together. #}
{% macro scored_features() %}
    {{ return([
        'f01_dpd_now', 'f02_dpd_max_30d', 'f03_dpd_max_180d', 'f04_overdue_days_90d', 'f05_overdue_ratio_bp',
        'f06_util_bp', 'f07_util_avg_30d_bp', 'f08_util_delta_30v90_bp', 'f09_maxed_days_90d',
        'f10_balance_growth_30d_bp', 'f11_tenure_days', 'f12_revolving_days_90d',
        'f13_small_apps_7d', 'f14_apps_30d', 'f15_app_burst_x90', 'f16_reject_rate_90d_bp',
        'f17_distinct_lenders_30d', 'f18_night_apps_30d',
        'f19_late_rate_180d_bp', 'f20_avg_days_late_90d', 'f21_paid_share_90d_bp', 'f22_early_repay_30d',
        'f23_first_payment_default', 'f24_bounced_payments_90d',
        'f25_inflow_30v90_bp', 'f26_spend_30v90_bp', 'f27_out_in_ratio_30d_bp', 'f28_salary_months_90d',
        'f29_cash_share_30d_bp', 'f30_paid_to_other_lenders_30d_minor', 'f31_active_days_30d', 'f32_activity_drop_x3',
        'f38_bureau_score', 'f39_bureau_score_delta_90d', 'f40_external_debt_minor',
        'f41_related_dpd_30d', 'f42_savings_30d_bp'
    ]) }}
{% endmacro %}
