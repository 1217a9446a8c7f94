-- Grain: one row an account and night.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

classes as (

    select * from {{ ref('dec_risk_class') }}

)

select
    accounts.business_date,
    accounts.account_key,
    accounts.customer_key,
    accounts.product_code,
    accounts.status,
    accounts.legal_entity_code,
    accounts.purpose_code,
    accounts.channel_code,
    accounts.currency_code,
    {{ to_major('accounts.core_limit_minor') }} as limit_amount,
    {{ to_major('accounts.limit_minor') }} as current_limit_amount,
    {{ to_major('accounts.principal_minor') }} as principal_balance,
    {{ to_major('accounts.accrued_interest_minor') }} as accrued_interest_balance,
    {{ to_major('accounts.arrears_minor') }} as arrears_balance,
    accounts.days_past_due,
    {{ bp('accounts.principal_minor', 'accounts.reference_limit_minor') }} as utilisation_bp,
    accounts.delivered_risk_class,
    classes.risk_class,
    classes.is_downgraded_by_backstop,
    accounts.is_open,
    accounts.opened_date,
    accounts.line_end_date,
    accounts.forbearance_date,
    {{ to_major('accounts.income_monthly_minor') }} as income_monthly_amount,
    accounts.policy_version
from accounts
inner join classes on accounts.account_key = classes.account_key
