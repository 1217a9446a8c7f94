-- Grain: one row an account: what tonight hands to the next night.
-- An account that tonight's snapshot does not name keeps what it had.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

limits as (

    select * from {{ ref('dec_limit') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

)

select
    accounts.account_key,
    accounts.customer_key,
    accounts.reference_limit_minor,
    limits.recommended_minor
from accounts
inner join limits on accounts.account_key = limits.account_key

union all

select
    carried.account_key,
    carried.customer_key,
    carried.reference_limit_minor,
    carried.recommended_minor
from carried
left join accounts on carried.account_key = accounts.account_key
where accounts.account_key is null
