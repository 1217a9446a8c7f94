-- Grain: one row a customer to be answered tonight, policy pack and feature that the customer's actions bring back to
-- its best. It says from when on the feature is at its best, what it costs at worst until then, and what afterwards.
-- Points are never more than they will be.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_recourse_account') }}

),

anchors as (

    select * from {{ ref('dec_recourse_anchor') }}

),

believed as (

    select * from {{ ref('dec_believed_feature') }}

),

bins as (

    select * from {{ ref('dec_scorecard_bin') }}

),

rules as (

    select * from {{ ref('recourse_feature') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

customers as (

    select distinct
        customer_key,
        policy_version,
        business_date,
        is_past_due,
        is_related_past_due
    from accounts

),

stood as (

    select
        customers.customer_key,
        customers.policy_version,
        customers.business_date,
        rules.feature,
        rules.action,
        rules.goal_value,
        rules.meanwhile,
        case
            when
                (rules.action = 'PAY_PAST_DUE' and customers.is_past_due)
                or (rules.action = 'CLEAR_RELATED' and customers.is_related_past_due)
                then parameters.recourse_acting_days
            else 0
        end as days_until_acting,
        believed.f01_dpd_now,
        {{ add_days('anchors.last_date', 'rules.rest_days') }} as rest_date,
        {{ fact_value('rules.feature', 'believed') }} as feature_value
    from customers
    cross join rules
    cross join parameters
    inner join believed on customers.customer_key = believed.customer_key
    left join anchors on customers.customer_key = anchors.customer_key and rules.anchor = anchors.anchor

),

expected as (

    select
        *,
        coalesce(rest_date <= business_date, true) as is_at_rest,
        case meanwhile
            when 'grows' then feature_value + days_until_acting
            when 'follows' then greatest(feature_value, f01_dpd_now + days_until_acting)
            when 'falls' then feature_value
        end as worst_value
    from stood

),

-- A window without an event may leave the feature MISSING, which has points of its own. If the feature is MISSING
-- although it has an event, nobody knows what it will show.
judged as (

    select
        expected.customer_key,
        expected.policy_version,
        expected.feature,
        expected.action,
        expected.goal_value,
        expected.worst_value,
        expected.rest_date,
        expected.is_at_rest,
        coalesce(
            max(
                case
                    when
                        coalesce(expected.feature_value, {{ missing_marker() }}) >= bins.lower_value
                        and coalesce(expected.feature_value, {{ missing_marker() }}) < bins.upper_value
                        then bins.points
                end
            ), 0
        ) as points_tonight,
        min(case when expected.worst_value is null then bins.points end) as any_points,
        max(
            case
                when expected.worst_value >= bins.lower_value and expected.worst_value < bins.upper_value
                    then bins.points
            end
        ) as worst_points,
        coalesce(
            max(
                case
                    when expected.goal_value >= bins.lower_value and expected.goal_value < bins.upper_value
                        then bins.points
                end
            ), 0
        ) as goal_points,
        coalesce(max(case when bins.is_missing then bins.points end), 0) as missing_points
    from expected
    left join bins on expected.policy_version = bins.policy_version and expected.feature = bins.feature
    group by
        expected.customer_key, expected.policy_version, expected.feature, expected.action, expected.goal_value,
        expected.feature_value, expected.worst_value, expected.rest_date, expected.is_at_rest

)

select
    customer_key,
    policy_version,
    feature,
    action,
    goal_value,
    worst_value,
    rest_date,
    is_at_rest,
    points_tonight,
    least(goal_points, missing_points) as rest_points,
    case
        when is_at_rest then least(points_tonight, goal_points, missing_points)
        else least(points_tonight, coalesce(any_points, points_tonight), coalesce(worst_points, points_tonight), goal_points, missing_points)
    end as meanwhile_points
from judged
