-- Grain: one row a customer and policy pack: what the customer owes and may owe over all accounts of that pack.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}
    where pack_number is not null

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

summed as (

    select
        accounts.customer_key,
        accounts.pack_number,
        cast(count(*) as bigint) as account_count,
        cast(sum(accounts.limit_minor) as bigint) as limit_minor,
        cast(sum(accounts.reference_limit_minor) as bigint) as reference_limit_minor,
        cast(sum(accounts.principal_minor) as bigint) as principal_minor,
        cast(sum(accounts.arrears_minor) as bigint) as arrears_minor,
        max(accounts.income_monthly_minor) as income_monthly_minor,
        bool_or(accounts.is_at_rest) as is_at_rest,
        -- disputed, paused or legally held accounts give no evidence
        coalesce(bool_or(cases.is_in_hardship or cases.has_open_appeal or cases.is_legal_hold), false) as is_evidence_suspended
    from accounts
    left join cases on accounts.account_key = cases.account_key
    group by accounts.customer_key, accounts.pack_number

)

select
    {{ decision_key('summed.customer_key', 'summed.pack_number') }} as customer_decision_key,
    summed.customer_key,
    packs.policy_version,
    packs.pack,
    summed.pack_number,
    summed.account_count,
    summed.limit_minor,
    summed.reference_limit_minor,
    summed.principal_minor,
    summed.arrears_minor,
    summed.income_monthly_minor,
    summed.is_at_rest,
    summed.is_evidence_suspended
from summed
inner join packs on summed.pack_number = packs.pack_number
