-- Grain: one row a customer to be answered tonight, policy pack and set of actions that the customer may take besides
-- paying in time. Arrears elsewhere must always be cleared: left alone they grow, and nothing could be promised.

with

customers as (

    select distinct
        customer_key,
        policy_version,
        is_related_past_due
    from {{ ref('dec_recourse_account') }}

),

features as (

    select * from {{ ref('dec_recourse_feature') }}

),

choices as (

    select false as is_done

    union all

    select true as is_done

),

-- a feature at rest needs no action
asked as (

    select
        features.customer_key,
        features.policy_version,
        customers.is_related_past_due,
        bool_or(features.action = 'STOP_APPLYING' and not features.is_at_rest) as has_applied,
        bool_or(features.action = 'CLEAR_RELATED' and not features.is_at_rest) as has_related_past_due
    from features
    inner join customers
        on features.customer_key = customers.customer_key and features.policy_version = customers.policy_version
    group by features.customer_key, features.policy_version, customers.is_related_past_due

)

select
    asked.customer_key,
    asked.policy_version,
    applying.is_done as stops_applying,
    clearing.is_done as clears_related
from asked
cross join choices as applying
cross join choices as clearing
where
    (asked.has_applied or not applying.is_done)
    and (asked.has_related_past_due or not clearing.is_done)
    and (clearing.is_done or not asked.is_related_past_due)
