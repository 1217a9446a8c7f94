-- Grain: one row business_date, account_key; the latest version known at the night's cut-off.

with

night as (

    select * from {{ ref('stg_night') }}

),

versions as (
    {{ ranked_versions('account_snapshot', ['business_date', 'account_key']) }}
)

select
    versions.business_date,
    versions.account_key,
    versions.customer_key,
    versions.product_code,
    versions.status,
    versions.opened_date,
    versions.currency_code,
    {{ to_minor('versions.limit_amount') }} as limit_minor,
    {{ to_minor('versions.principal_balance') }} as principal_minor,
    {{ to_minor('versions.accrued_interest_balance') }} as accrued_interest_minor,
    {{ to_minor('versions.arrears_balance') }} as arrears_minor,
    versions.days_past_due,
    versions.rate_apr,
    versions.legal_entity_code,
    versions.purpose_code,
    versions.channel_code,
    {{ to_minor('versions.minimum_due_amount') }} as minimum_due_minor,
    {{ to_minor('versions.paid_amount') }} as paid_minor,
    versions.partner_id,
    versions.own_share_bp,
    {{ to_minor('versions.income_monthly_amount') }} as income_monthly_minor,
    versions.income_as_of_date,
    versions.raise_consent_code,
    versions.line_end_date,
    versions.forbearance_date,
    versions.risk_class
from versions
where versions.version_rank = 1
