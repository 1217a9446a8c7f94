-- Grain: one row a decision of the night that the customer must be told of, once the core has carried it out. Three
-- things are known only later and stand elsewhere: what was applied, whose the account is, and who must not be told.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned and is_notice_required

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

)

select
    decisions.business_date,
    decisions.account_key,
    decisions.customer_key,
    decisions.slice_code,
    decisions.policy_version,
    accounts.currency_code,
    decisions.action,
    decisions.display_state,
    decisions.is_usable,
    decisions.effective_date,
    decisions.notice_due_date,
    -- the floor, which a credit decision always leaves, must not be taken for money to borrow
    case when packs.floor_minor < decisions.reference_limit_minor then {{ to_major('packs.floor_minor') }} end
        as min_limit_amount,
    -- if the core itself has blocked a line, it is not stopped for our reasons
    case when accounts.is_drawable and decisions.drawable_minor = 0 then {{ to_major('accounts.principal_minor') }} end
        as stopped_principal_balance,
    decisions.decision_sha256
from decisions
inner join accounts on decisions.account_key = accounts.account_key
inner join packs on decisions.policy_version = packs.policy_version
