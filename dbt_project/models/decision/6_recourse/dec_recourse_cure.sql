-- Grain: one row a customer to be answered tonight, policy pack and set of actions: the night from which, at the
-- latest, no trigger stands (null: nobody can say), and the lowest limit that the triggers leave until then. If a
-- condition may still become true before the customer has acted, it counts as met. An inherited trigger counts as
-- approved: until it is, it cuts nobody, but it may be approved on any day.

{{ config(materialized='table') }}

with

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

variants as (

    select * from {{ ref('dec_recourse_variant') }}

),

features as (

    select * from {{ ref('dec_recourse_feature') }}

),

-- instalments that were not paid on time still count against the cure
instalments as (

    select * from features
    where feature = 'on_time_instalments_90d' and not is_at_rest

),

believed as (

    select * from {{ ref('dec_believed_feature') }}

),

conditions as (

    select * from {{ ref('stg_policy_trigger') }}

),

rules as (

    select * from {{ ref('dec_trigger_rule') }}

),

active as (

    select * from {{ ref('dec_trigger') }}
    where not is_cured

),

customers as (

    select distinct
        customer_key,
        policy_version,
        business_date,
        act_by_date,
        is_past_due
    from {{ ref('dec_recourse_account') }}

),

facts as (

    select
        variants.customer_key,
        variants.policy_version,
        variants.stops_applying,
        variants.clears_related,
        conditions.trigger_code,
        conditions.condition_group,
        conditions.operator,
        conditions.threshold,
        coalesce(features.is_at_rest, true) as is_at_rest,
        features.rest_date,
        features.worst_value is null as may_be_anything,
        case when features.is_at_rest is false then features.worst_value else {{ fact_value('conditions.feature', 'believed') }} end
            as worst_value,
        coalesce(
            features.action in ('PAY_PAST_DUE', 'PAY_ON_TIME')
            or (features.action = 'STOP_APPLYING' and variants.stops_applying)
            or (features.action = 'CLEAR_RELATED' and variants.clears_related),
            false
        ) as is_acted_on
    from variants
    inner join conditions on variants.policy_version = conditions.policy_version
    inner join believed on variants.customer_key = believed.customer_key
    left join features
        on
            variants.customer_key = features.customer_key
            and variants.policy_version = features.policy_version
            and conditions.feature = features.feature

),

judged as (

    select
        *,
        (not is_at_rest and may_be_anything)
        or coalesce((operator = '>=' and worst_value >= threshold) or (operator = '>' and worst_value > threshold), false)
            as may_be_met
    from facts

),

condition_groups as (

    select
        customer_key,
        policy_version,
        stops_applying,
        clears_related,
        trigger_code,
        condition_group,
        bool_and(may_be_met) as may_be_met,
        min(case when is_acted_on and not is_at_rest then rest_date end) as clear_date
    from judged
    group by customer_key, policy_version, stops_applying, clears_related, trigger_code, condition_group

),

hits as (

    select
        customer_key,
        policy_version,
        stops_applying,
        clears_related,
        trigger_code,
        bool_or(may_be_met) as may_be_hit,
        bool_or(may_be_met and clear_date is null) as is_never_clear,
        max(case when may_be_met then clear_date end) as clear_date
    from condition_groups
    group by customer_key, policy_version, stops_applying, clears_related, trigger_code

),

standing as (

    select
        hits.customer_key,
        hits.policy_version,
        hits.stops_applying,
        hits.clears_related,
        hits.trigger_code,
        rules.effect,
        rules.effect_bp,
        rules.clean_nights,
        hits.is_never_clear,
        case
            when hits.may_be_hit or customers.is_past_due
                then
                    greatest(
                        {{ add_days('customers.business_date', 1) }},
                        coalesce(hits.clear_date, customers.business_date),
                        case when customers.is_past_due then customers.act_by_date else customers.business_date end
                    )
            else coalesce(active.clean_since_date, {{ add_days('customers.business_date', 1) }})
        end as clean_from_date,
        case when rules.asked_on_time_instalments > 0 then instalments.rest_date end as paid_on_time_date,
        customers.business_date,
        parameters.recourse_slack_nights
    from hits
    cross join parameters
    inner join customers
        on hits.customer_key = customers.customer_key and hits.policy_version = customers.policy_version
    inner join rules on hits.policy_version = rules.policy_version and hits.trigger_code = rules.trigger_code
    left join active
        on
            hits.customer_key = active.customer_key
            and hits.policy_version = active.policy_version
            and hits.trigger_code = active.trigger_code
    left join instalments
        on hits.customer_key = instalments.customer_key and hits.policy_version = instalments.policy_version
    where hits.may_be_hit or active.trigger_code is not null

),

-- a night about which nothing is known can be neither the first nor the last clean night
cured as (

    select
        *,
        case
            when not is_never_clear
                then
                    greatest(
                        {{ add_days('business_date', 1) }},
                        {{ add_days('clean_from_date', 'clean_nights - 1 + recourse_slack_nights') }},
                        coalesce(paid_on_time_date, business_date)
                    )
        end as cured_date
    from standing

)

select
    customer_key,
    policy_version,
    stops_applying,
    clears_related,
    bool_or(cured_date is null) as is_never_cured,
    max(cured_date) as cured_date,
    bool_or(paid_on_time_date > business_date) as is_waiting_for_instalments,
    bool_or(effect = 'floor') as is_floored,
    min(case when effect = 'share_of_reference' then effect_bp end) as min_effect_bp
from cured
group by customer_key, policy_version, stops_applying, clears_related
