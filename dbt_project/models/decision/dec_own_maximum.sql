-- Grain: one row an account of tonight's snapshot and policy pack: the value after the customer's own maximum, which
-- binds the customer's accounts of the pack together.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

compositions as (

    select * from {{ ref('dec_composition') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

measured as (

    select
        accounts.account_key,
        accounts.customer_key,
        accounts.policy_version,
        packs.rounding_minor,
        compositions.is_held,
        compositions.requested_minor,
        {{ round_down('compositions.requested_minor', 'packs.rounding_minor') }} as requested_units_minor,
        {{ round_down('cases.customer_maximum_minor', 'packs.rounding_minor') }} as maximum_minor
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join compositions
        on accounts.account_key = compositions.account_key and accounts.policy_version = compositions.policy_version
    left join cases on accounts.account_key = cases.account_key

),

shared as (

    select
        *,
        sum(requested_minor) over sharers as customer_requested_minor,
        {{ share_out('maximum_minor', 'requested_units_minor', 'rounding_minor') }} as share_minor
    from measured
    window
        sharers as (partition by customer_key, policy_version, is_held),
        sharers_so_far as (
            partition by customer_key, policy_version, is_held
            order by account_key rows between unbounded preceding and current row
        )

)

select
    account_key,
    customer_key,
    policy_version,
    maximum_minor as customer_maximum_minor,
    case
        when not is_held and customer_requested_minor > maximum_minor then least(requested_minor, share_minor)
        else requested_minor
    end as maximised_minor
from shared
