-- Grain: one row a customer and policy pack: what the customer owes and may owe over all accounts of that pack.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}
    where policy_version is not null

),

cases as (

    select * from {{ ref('dec_open_case') }}

)

select
    accounts.customer_key,
    accounts.policy_version,
    accounts.pack,
    cast(count(*) as bigint) as account_count,
    cast(sum(accounts.limit_minor) as bigint) as limit_minor,
    cast(sum(accounts.reference_limit_minor) as bigint) as reference_limit_minor,
    cast(sum(accounts.principal_minor) as bigint) as principal_minor,
    cast(sum(accounts.arrears_minor) as bigint) as arrears_minor,
    cast(max(accounts.income_monthly_minor) as bigint) as income_monthly_minor,
    -- what is disputed, paused or held by law is no evidence
    coalesce(bool_or(cases.is_in_hardship or cases.has_open_appeal or cases.is_legal_hold), false) as is_evidence_suspended
from accounts
left join cases on accounts.account_key = cases.account_key
group by accounts.customer_key, accounts.policy_version, accounts.pack
