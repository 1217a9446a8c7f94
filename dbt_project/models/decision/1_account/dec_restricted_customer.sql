-- Grain: one row a customer whose notices go only through the restricted queue: a customer who died, or who is under a
-- legal hold with any account. Court and sanction cases both come as legal holds.

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
