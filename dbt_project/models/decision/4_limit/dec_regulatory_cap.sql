-- Grain: one row an account of tonight's snapshot and policy pack that reaches a regulatory cap by itself, or whose
-- customer has several accounts under one cap. A cap binds the customer over all open accounts of the legal entity,
-- purpose and channel that it names, whatever their pack. If their sum exceeds it, it is shared out. It comes last,
-- over everything.

{{ config(materialized='table') }}

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

caps as (

    select * from {{ ref('stg_policy_regulatory_cap') }}

),

-- customers with accounts under several packs
several_packs as (

    select customer_key
    from exposures
    group by customer_key
    having count(*) > 1

),

concerned as (

    select limits.*
    from {{ ref('dec_maximised_limit') }} as limits
    left join several_packs on limits.customer_key = several_packs.customer_key
    where
        limits.min_bound_minor is not null
        and not limits.keeps_limit
        and (
            limits.account_count > 1
            or several_packs.customer_key is not null
            or limits.maximised_minor >= limits.min_bound_minor
        )

),

measured as (

    select
        concerned.decision_key,
        concerned.account_key,
        concerned.customer_key,
        concerned.policy_version,
        concerned.is_assigned,
        caps.rule_id,
        caps.cap_minor,
        concerned.maximised_minor,
        concerned.has_overlay,
        -- an overlaid account keeps its limit tonight, and the others share what that leaves
        sum(case when concerned.has_overlay then concerned.limit_minor else 0 end) over customer_rule as overlaid_minor,
        -- if several packs decide, the coarsest unit counts, so that rounding loses and wins nothing
        max(concerned.rounding_minor) over customer_rule as unit_minor
    from concerned
    inner join caps
        on
            concerned.policy_version = caps.policy_version
            and caps.legal_entity_code in (concerned.legal_entity_code, '*')
            and caps.purpose_code in (concerned.purpose_code, '*')
            and caps.channel_code in (concerned.channel_code, '*')
    window customer_rule as (partition by concerned.customer_key, caps.rule_id, concerned.is_assigned)

),

units as (

    select
        *,
        {{ round_down('greatest(cap_minor - overlaid_minor, 0)', 'unit_minor') }} as bound_minor,
        {{ round_down('maximised_minor', 'unit_minor') }} as maximised_units_minor
    from measured
    where not has_overlay

),

shared as (

    select
        *,
        sum(maximised_minor) over sharers as customer_minor,
        sum(maximised_units_minor) over sharers as customer_units_minor,
        sum(maximised_units_minor) over sharers_so_far as units_so_far_minor
    from units
    window
        sharers as (partition by customer_key, rule_id, is_assigned),
        sharers_so_far as (
            partition by customer_key, rule_id, is_assigned
            order by account_key, policy_version rows between unbounded preceding and current row
        )

),

capped as (

    select
        *,
        case
            when customer_minor > bound_minor
                then
                    least(
                        maximised_minor,
                        {{ share_out(
                            'bound_minor', 'maximised_units_minor', 'unit_minor', 'customer_units_minor', 'units_so_far_minor'
                        ) }}
                    )
            else maximised_minor
        end as capped_minor
    from shared

),

ranked as (

    select
        *,
        -- the limit that this account could have if the others stay where they are
        min(bound_minor - (least(customer_minor, bound_minor) - capped_minor)) over (partition by decision_key)
            as min_room_minor,
        row_number() over (
            partition by decision_key
            order by capped_minor, case when customer_minor >= bound_minor then 0 else 1 end, rule_id
        ) as tightness
    from capped

)

select
    decision_key,
    rule_id,
    cap_minor,
    capped_minor,
    customer_minor >= bound_minor as is_cap_reached,
    min_room_minor as room_minor
from ranked
where tightness = 1
