-- Grain: one row an account of tonight.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

)

select
    accounts.account_key,
    accounts.customer_key,
    accounts.product_code,
    accounts.legal_entity_code,
    accounts.purpose_code,
    accounts.channel_code,
    accounts.slice_code,
    accounts.status,
    accounts.is_open,
    accounts.opened_date,
    accounts.policy_version,
    accounts.business_date as as_of_date
from accounts
