-- Grain: one row an account of tonight's snapshot: since which night the core's limit has stood.
-- An account seen for the first time has had its limit since tonight, as far as the house knows.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

)

select
    accounts.account_key,
    case
        when accounts.limit_minor = carried.limit_minor then carried.limit_since_date
        else accounts.business_date
    end as limit_since_date
from accounts
left join carried on accounts.account_key = carried.account_key
