-- Grain: one row an account of tonight's snapshot and policy pack: the value after the customer's own maximum, which
-- binds the customer's accounts together, whatever their pack.

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
        accounts.is_assigned,
        packs.rounding_minor,
        compositions.is_held,
        compositions.requested_minor,
        cases.customer_maximum_minor
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join compositions
        on accounts.account_key = compositions.account_key and accounts.policy_version = compositions.policy_version
    left join cases on accounts.account_key = cases.account_key

),

-- few customers have one
bound as (

    select
        *,
        -- of several packs the coarsest unit, so that nothing is lost or won by rounding
        max(rounding_minor) over (partition by customer_key, is_assigned, is_held) as unit_minor
    from measured
    where customer_maximum_minor is not null

),

units as (

    select
        *,
        {{ round_down('requested_minor', 'unit_minor') }} as requested_units_minor,
        {{ round_down('customer_maximum_minor', 'unit_minor') }} as maximum_minor
    from bound

),

shared as (

    select
        *,
        sum(requested_minor) over sharers as customer_requested_minor,
        sum(requested_units_minor) over sharers as customer_units_minor,
        sum(requested_units_minor) over sharers_so_far as units_so_far_minor
    from units
    window
        sharers as (partition by customer_key, is_assigned, is_held),
        sharers_so_far as (
            partition by customer_key, is_assigned, is_held
            order by account_key, policy_version rows between unbounded preceding and current row
        )

)

select
    account_key,
    customer_key,
    policy_version,
    maximum_minor as customer_maximum_minor,
    case
        when not is_held and customer_requested_minor > maximum_minor
            then
                least(
                    requested_minor,
                    {{ share_out(
                        'maximum_minor', 'requested_units_minor', 'unit_minor', 'customer_units_minor', 'units_so_far_minor'
                    ) }}
                )
        else requested_minor
    end as maximised_minor
from shared

union all

select
    account_key,
    customer_key,
    policy_version,
    cast(null as bigint) as customer_maximum_minor,
    requested_minor as maximised_minor
from measured
where customer_maximum_minor is null
