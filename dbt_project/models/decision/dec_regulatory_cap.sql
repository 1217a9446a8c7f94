-- Grain: one row an account of tonight's snapshot and policy pack that at least one regulatory cap concerns.
-- A cap binds the customer, over all open accounts of the legal entity, purpose and channel that it names, whatever their
-- pack; where their sum exceeds it, it is shared out. It comes last, over everything.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}
    where not is_held

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

maxima as (

    select * from {{ ref('dec_own_maximum') }}

),

overlays as (

    select * from {{ ref('dec_overlay') }}

),

caps as (

    select * from {{ ref('stg_policy_regulatory_cap') }}

),

measured as (

    select
        accounts.account_key,
        accounts.customer_key,
        accounts.policy_version,
        accounts.is_assigned,
        caps.rule_id,
        caps.cap_minor,
        maxima.maximised_minor,
        overlays.account_key is not null as is_overlaid,
        -- an overlaid account keeps its limit tonight: the others share what that leaves
        sum(case when overlays.account_key is not null then accounts.limit_minor else 0 end) over customer_rule
            as overlaid_minor,
        -- of several packs the coarsest unit, so that nothing is lost or won by rounding
        max(packs.rounding_minor) over customer_rule as unit_minor
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join maxima
        on accounts.account_key = maxima.account_key and accounts.policy_version = maxima.policy_version
    inner join caps
        on
            accounts.policy_version = caps.policy_version
            and caps.legal_entity_code in (accounts.legal_entity_code, '*')
            and caps.purpose_code in (accounts.purpose_code, '*')
            and caps.channel_code in (accounts.channel_code, '*')
    left join overlays
        on accounts.account_key = overlays.account_key and accounts.policy_version = overlays.policy_version
    window customer_rule as (partition by accounts.customer_key, caps.rule_id, accounts.is_assigned)

),

units as (

    select
        *,
        {{ round_down('greatest(cap_minor - overlaid_minor, 0)', 'unit_minor') }} as bound_minor,
        {{ round_down('maximised_minor', 'unit_minor') }} as maximised_units_minor
    from measured
    where not is_overlaid

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
        -- what this account could have if the others stay where they are
        min(bound_minor - (least(customer_minor, bound_minor) - capped_minor)) over (
            partition by account_key, policy_version
        ) as least_room_minor,
        row_number() over (
            partition by account_key, policy_version
            order by capped_minor, case when customer_minor >= bound_minor then 0 else 1 end, rule_id
        ) as tightness
    from capped

)

select
    account_key,
    policy_version,
    rule_id,
    cap_minor,
    capped_minor,
    customer_minor >= bound_minor as is_cap_reached,
    least_room_minor as room_minor
from ranked
where tightness = 1
