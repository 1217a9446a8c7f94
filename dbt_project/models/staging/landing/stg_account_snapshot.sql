-- Grain: one row business_date, account_key; the latest version known at the night's cut-off. Of a column that the gate
-- distrusts tonight the account keeps its value of the last night that trusted it, null if it has none.

with

night as (

    select * from {{ ref('stg_night') }}

),

versions as (
    {{ ranked_versions('account_snapshot', ['business_date', 'account_key']) }}
),

distrusted as (

    select * from {{ ref('stg_distrusted_column') }}

),

trusted as (

    select * from {{ source('raw', 'account_snapshot_trusted') }}

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
    {{ to_minor(believed_column('minimum_due_amount')) }} as minimum_due_minor,
    {{ to_minor(believed_column('paid_amount')) }} as paid_minor,
    {{ believed_column('partner_id') }} as partner_id,
    {{ believed_column('own_share_bp') }} as own_share_bp,
    {{ to_minor(believed_column('income_monthly_amount')) }} as income_monthly_minor,
    {{ believed_column('income_as_of_date') }} as income_as_of_date,
    {{ believed_column('raise_consent_code') }} as raise_consent_code,
    {{ believed_column('line_end_date') }} as line_end_date,
    {{ believed_column('forbearance_date') }} as forbearance_date,
    {{ believed_column('risk_class') }} as risk_class
from versions
cross join night
cross join distrusted
left join trusted on versions.account_key = trusted.account_key
where versions.version_rank = 1
