-- Grain: one row a customer of tonight's snapshot, with every feature (docs/reference/features.md).

with

customers as (

    select * from {{ ref('ftr_customer_base') }}

),

account as (

    select * from {{ ref('ftr_account') }}

),

application as (

    select * from {{ ref('ftr_application') }}

),

repayment as (

    select * from {{ ref('ftr_repayment') }}

),

cash_flow as (

    select * from {{ ref('ftr_cash_flow') }}

),

security as (

    select * from {{ ref('ftr_security') }}

),

bureau as (

    select * from {{ ref('ftr_bureau') }}

),

related_product as (

    select * from {{ ref('ftr_related_product') }}

)

select
    customers.customer_key,
    account.f01_dpd_now,
    account.f02_dpd_max_30d,
    account.f03_dpd_max_180d,
    account.f04_overdue_days_90d,
    account.f05_overdue_ratio_bp,
    account.f06_util_bp,
    account.f07_util_avg_30d_bp,
    account.f08_util_delta_30v90_bp,
    account.f09_maxed_days_90d,
    account.f10_balance_growth_30d_bp,
    account.f11_tenure_days,
    account.f12_revolving_days_90d,
    application.f13_small_apps_7d,
    application.f14_apps_30d,
    application.f15_app_burst_x90,
    application.f16_reject_rate_90d_bp,
    application.f17_distinct_lenders_30d,
    application.f18_night_apps_30d,
    repayment.f19_late_rate_180d_bp,
    repayment.f20_avg_days_late_90d,
    repayment.f21_paid_share_90d_bp,
    repayment.f22_early_repay_30d,
    repayment.f23_first_payment_default,
    repayment.f24_bounced_payments_90d,
    cash_flow.f25_inflow_30v90_bp,
    cash_flow.f26_spend_30v90_bp,
    cash_flow.f27_out_in_ratio_30d_bp,
    cash_flow.f28_salary_months_90d,
    cash_flow.f29_cash_share_30d_bp,
    cash_flow.f30_paid_to_other_lenders_30d_minor,
    cash_flow.f31_active_days_30d,
    cash_flow.f32_activity_drop_x3,
    security.f33_new_devices_7d,
    security.f34_regions_1d,
    security.f35_failed_logins_1d,
    security.f36_proxy_share_7d_bp,
    security.f37_customers_per_device,
    bureau.f38_bureau_score,
    bureau.f39_bureau_score_delta_90d,
    bureau.f40_external_debt_minor,
    related_product.f41_related_dpd_30d,
    related_product.f42_savings_30d_bp,
    account.f43_days_since_balance,
    security.f44_profile_changes_30d
from customers
inner join account on customers.customer_key = account.customer_key
inner join application on customers.customer_key = application.customer_key
inner join repayment on customers.customer_key = repayment.customer_key
inner join cash_flow on customers.customer_key = cash_flow.customer_key
inner join security on customers.customer_key = security.customer_key
inner join bureau on customers.customer_key = bureau.customer_key
inner join related_product on customers.customer_key = related_product.customer_key
