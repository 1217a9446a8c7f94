-- Grain: one row an account that tonight's own score cuts, and reason code: the points lost under that reason.
-- The feature that lost most stands for its reason; its stored value, as tonight believes it, is the evidence.

with

limits as (

    select * from {{ ref('dec_limit') }}

),

points as (

    select * from {{ ref('dec_feature_points') }}

),

customer_features as (

    select * from {{ ref('dec_believed_feature') }}

),

bins as (

    select * from {{ ref('dec_scorecard_bin') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

scored_features as (

    select
        policy_version,
        feature,
        reason_code,
        best_points,
        -- the value from which on nothing is lost: what advice may name
        case
            when max(sign) > 0 then max(case when points = best_points and not is_missing then upper_value - 1 end)
            else min(case when points = best_points and not is_missing then lower_value end)
        end as goal_value
    from bins
    group by policy_version, feature, reason_code, best_points

),

cut_customers as (

    select distinct customer_key, policy_version
    from limits
    where action = 'DOWN' and strategy_minor < old_limit_minor

),

evidence as (

    select
        cut_customers.customer_key,
        cut_customers.policy_version,
        scored_features.feature,
        scored_features.reason_code,
        scored_features.goal_value,
        case scored_features.feature
            {%- for feature in scored_features() %}
            when '{{ feature }}' then customer_features.{{ feature }}
            {%- endfor %}
        end as feature_value,
        case scored_features.feature
            {%- for feature in scored_features() %}
            when '{{ feature }}'
                then scored_features.best_points - points.{{ feature }}_points
            {%- endfor %}
        end as points_lost
    from cut_customers
    inner join points
        on cut_customers.customer_key = points.customer_key and cut_customers.policy_version = points.policy_version
    inner join customer_features on cut_customers.customer_key = customer_features.customer_key
    inner join scored_features on cut_customers.policy_version = scored_features.policy_version

),

strongest as (

    select
        *,
        row_number() over (
            partition by customer_key, policy_version, reason_code
            order by points_lost desc, feature
        ) as strength,
        sum(points_lost) over (partition by customer_key, policy_version, reason_code) as reason_points_lost,
        sum(points_lost) over (partition by customer_key, policy_version) as all_points_lost
    from evidence
    where feature_value is not null and points_lost > 0

)

select
    limits.account_key,
    limits.policy_version,
    strongest.reason_code,
    strongest.feature,
    cast(strongest.feature_value as bigint) as feature_value,
    cast(strongest.goal_value as bigint) as goal_value,
    cast(strongest.reason_points_lost as bigint) as points_lost
from limits
inner join packs on limits.policy_version = packs.policy_version
inner join strongest
    on limits.customer_key = strongest.customer_key and limits.policy_version = strongest.policy_version
where
    limits.action = 'DOWN'
    and limits.strategy_minor < limits.old_limit_minor
    and strongest.reason_points_lost * 10000 >= strongest.all_points_lost * packs.least_reason_share_bp
    and strongest.strength = 1
