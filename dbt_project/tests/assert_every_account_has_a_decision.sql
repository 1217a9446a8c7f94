-- An account that no policy pack, tier, band or matrix cell covers has no decision: the night must not go on without it.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

decisions as (

    select * from {{ ref('fct_limit_decision') }}

)

select
    accounts.account_key,
    accounts.legal_entity_code,
    accounts.product_code,
    accounts.policy_version
from accounts
left join decisions on accounts.account_key = decisions.account_key
where decisions.account_key is null
