-- Grain: one row a customer to be answered tonight, policy pack and set of what the customer may do besides paying in time.

with


features as (

    select * from {{ ref('dec_recourse_feature') }}

),

choices as (

    select false as is_done

    union all

    select true as is_done

),

-- what is at rest needs nothing done
asked as (

    select
        customer_key,
        policy_version,
        bool_or(action = 'STOP_APPLYING' and not is_at_rest) as has_applied,
        bool_or(action = 'CLEAR_RELATED' and not is_at_rest) as has_related_past_due
    from features
    group by customer_key, policy_version

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
