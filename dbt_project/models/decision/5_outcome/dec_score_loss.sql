-- Grain: one row a customer whom the strategy cuts, policy pack and scored feature that lost points since the night on
-- which the reference limit was approved. If nothing was lost since then, points are compared with the feature's best
-- bin.

with

limits as (

    select * from {{ ref('dec_limit_to_explain') }}

),

customers as (

    select * from {{ ref('dec_customer') }}

),

believed as (

    select * from {{ ref('dec_believed_feature') }}

),

bins as (

    select * from {{ ref('dec_scorecard_bin') }}

),

carried as (

    select * from {{ ref('stg_reference_points_state') }}

),

names as (

    select
        policy_version,
        feature,
        reason_code,
        best_points,
        -- the value from which on no points are lost, which advice may name
        case
            when max(sign) > 0 then max(case when points = best_points and not is_missing then upper_value - 1 end)
            else min(case when points = best_points and not is_missing then lower_value end)
        end as goal_value
    from bins
    group by policy_version, feature, reason_code, best_points

),

cut_customers as (

    select distinct customer_decision_key
    from limits
    where decided_minor < limit_minor and strategy_minor < limit_minor and not is_overridden

),

facts as (

    select
        customers.customer_decision_key,
        customers.policy_version,
        names.feature,
        names.reason_code,
        names.best_points,
        names.goal_value,
        case names.feature
            {%- for feature in scored_features() %}
            when '{{ feature }}' then believed.{{ feature }}
            {%- endfor %}
        end as feature_value,
        case names.feature
            {%- for feature in scored_features() %}
            when '{{ feature }}' then carried.{{ feature }}_points
            {%- endfor %}
        end as reference_points
    from cut_customers
    inner join customers on cut_customers.customer_decision_key = customers.customer_decision_key
    inner join believed on customers.customer_key = believed.customer_key
    inner join names on customers.policy_version = names.policy_version
    left join carried on customers.customer_key = carried.customer_key and customers.pack = carried.pack

),

evidence as (

    select
        facts.customer_decision_key,
        facts.feature,
        facts.reason_code,
        facts.goal_value,
        facts.feature_value,
        facts.best_points - bins.points as points_below_best,
        facts.reference_points - bins.points as points_since_reference
    from facts
    inner join bins
        on
            facts.policy_version = bins.policy_version
            and facts.feature = bins.feature
            and coalesce(facts.feature_value, {{ missing_marker() }}) >= bins.lower_value
            and coalesce(facts.feature_value, {{ missing_marker() }}) < bins.upper_value

),

attributed as (

    select
        *,
        bool_or(points_since_reference > 0) over (partition by customer_decision_key) as has_changed
    from evidence

),

lost as (

    select
        *,
        case when has_changed then points_since_reference else points_below_best end as points_lost
    from attributed

)

select
    customer_decision_key,
    feature,
    reason_code,
    cast(feature_value as bigint) as feature_value,
    cast(goal_value as bigint) as goal_value,
    cast(points_lost as bigint) as points_lost
from lost
where feature_value is not null and points_lost > 0

union all

-- a MISSING fact has no value to cite, so the number of missing facts is cited
select
    customer_decision_key,
    'missing_facts' as feature,
    'N3' as reason_code,
    count(*) as feature_value,
    cast(0 as bigint) as goal_value,
    cast(sum(points_lost) as bigint) as points_lost
from lost
where feature_value is null and points_lost > 0
group by customer_decision_key
