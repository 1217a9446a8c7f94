-- Grain: one row an account to which a restatement owes a limit: what tonight hands to the next night.
-- A restated night owes what it decides above what it had ordered. What is owed stands until the core's limit reaches it, or
-- a night decides less on evidence of its own; an overlay, or a night of rest, only defers it.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

limits as (

    select * from {{ ref('dec_limit') }}

),

carried as (

    select * from {{ ref('stg_restated_limit_state') }}

),

standing as (

    select * from {{ ref('stg_standing_decision') }}

),

resting_customers as (

    select * from {{ ref('dec_resting_customer') }}

),

judged as (

    select
        accounts.account_key,
        greatest(
            case
                when
                    carried.restated_limit_minor > accounts.core_limit_minor
                    and (limits.overlay_code is not null or resting_customers.customer_key is not null)
                    then carried.restated_limit_minor
                when
                    carried.restated_limit_minor > accounts.core_limit_minor
                    and limits.recommended_minor > accounts.core_limit_minor
                    then least(carried.restated_limit_minor, limits.recommended_minor)
            end,
            case when limits.recommended_minor > standing.recommended_minor then limits.recommended_minor end
        ) as restated_limit_minor
    from accounts
    inner join limits
        on accounts.account_key = limits.account_key and accounts.policy_version = limits.policy_version
    left join carried on accounts.account_key = carried.account_key
    left join standing on accounts.account_key = standing.account_key
    left join resting_customers on accounts.customer_key = resting_customers.customer_key
    where
        not accounts.is_held
        or (resting_customers.customer_key is not null and accounts.is_open and accounts.reference_limit_minor > 0)

)

select
    account_key,
    restated_limit_minor
from judged
where restated_limit_minor is not null

union all

select
    carried.account_key,
    carried.restated_limit_minor
from carried
left join accounts on carried.account_key = accounts.account_key
where accounts.account_key is null
