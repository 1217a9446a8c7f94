-- Grain: one row an account of tonight's snapshot and policy pack whose customer asked for a maximum over all accounts: the
-- value after it. It binds the customer's accounts together, whatever their pack.

{{ config(materialized='table') }}

with

-- few customers have an own maximum
bound as (

    select
        *,
        -- if several packs decide, the coarsest unit counts, so that rounding loses and wins nothing
        max(rounding_minor) over (partition by customer_key, is_assigned, keeps_limit) as unit_minor
    from {{ ref('dec_composition') }}
    where asked_customer_maximum_minor is not null

),

units as (

    select
        *,
        {{ round_down('requested_minor', 'unit_minor') }} as requested_units_minor,
        {{ round_down('asked_customer_maximum_minor', 'unit_minor') }} as maximum_minor
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
        sharers as (partition by customer_key, is_assigned, keeps_limit),
        sharers_so_far as (
            partition by customer_key, is_assigned, keeps_limit
            order by account_key, policy_version rows between unbounded preceding and current row
        )

)

select
    decision_key,
    maximum_minor as customer_maximum_minor,
    case
        when not keeps_limit and customer_requested_minor > maximum_minor
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
