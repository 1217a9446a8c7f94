-- Grain: one row an account of tonight's snapshot and policy pack that a bound forbids to rise.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

features as (

    select * from {{ ref('dec_believed_feature') }}

),

triggers as (

    select distinct customer_key, policy_version
    from {{ ref('dec_trigger') }}
    where not is_cured

)

select
    accounts.account_key,
    accounts.policy_version
from accounts
inner join packs on accounts.policy_version = packs.policy_version
inner join features on accounts.customer_key = features.customer_key
left join triggers
    on accounts.customer_key = triggers.customer_key and accounts.policy_version = triggers.policy_version
where
    {{ days_between('accounts.opened_date', 'accounts.business_date') }} < packs.least_tenure_days
    or coalesce(features.f02_dpd_max_30d > packs.most_days_past_due_30d, true)
    or (
        packs.most_income_age_days is not null
        and coalesce(
            coalesce(accounts.income_monthly_minor, 0) <= 0
            or {{ days_between('accounts.income_as_of_date', 'accounts.business_date') }} > packs.most_income_age_days,
            true
        )
    )
    or (packs.is_consent_required and coalesce(accounts.raise_consent_code, 'unknown') <> 'opted_in')
    or triggers.customer_key is not null
