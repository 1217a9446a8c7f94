-- Grain: one row a customer of whom nothing may be told but through the restricted queue: somebody who died, and whoever is
-- under a legal hold (court and sanction cases come as one), with any of the accounts.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

statuses as (

    select * from {{ ref('account_status') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

)

select distinct accounts.customer_key
from accounts
inner join statuses on accounts.status = statuses.status
left join cases on accounts.account_key = cases.account_key
where statuses.is_restricted or cases.is_legal_hold
