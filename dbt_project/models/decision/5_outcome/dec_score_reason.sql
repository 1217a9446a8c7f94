-- Grain: one row a customer whom the strategy cuts, policy pack and cause: the points lost under its largest reason.
-- The feature that lost most represents the reason; its stored value, as tonight believes it, is the evidence. A reason
-- is left out if its points would not raise tonight's multiplier when given back, unless that is true of all reasons.

with

losses as (

    select * from {{ ref('dec_score_loss') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

customers as (

    select * from {{ ref('dec_customer') }}

),

cells as (

    select * from {{ ref('dec_strategy_cell') }}

),

causes as (

    select distinct policy_version, reason_code, cause
    from {{ ref('stg_policy_reason_text') }}

),

reasons as (

    select
        losses.*,
        row_number() over (
            partition by losses.customer_decision_key, losses.reason_code
            order by losses.points_lost desc, losses.feature
        ) as strength,
        sum(losses.points_lost) over (partition by losses.customer_decision_key, losses.reason_code)
            as reason_points_lost,
        sum(losses.points_lost) over (partition by losses.customer_decision_key) as all_points_lost
    from losses

),

forgiven as (

    select
        reasons.*,
        causes.cause,
        customers.policy_version,
        customers.utilisation_bp,
        customers.own_multiplier_bp,
        {{ to_milli(
            'least(packs.score_max, greatest(packs.score_min, customers.point_sum + reasons.reason_points_lost))'
        ) }} as forgiven_milli
    from reasons
    inner join customers on reasons.customer_decision_key = customers.customer_decision_key
    inner join packs on customers.pack_number = packs.pack_number
    inner join causes
        on customers.policy_version = causes.policy_version and reasons.reason_code = causes.reason_code
    where
        reasons.strength = 1
        and reasons.reason_points_lost * 10000 >= reasons.all_points_lost * packs.min_reason_share_bp

),

weighed as (

    select
        forgiven.*,
        {{ multiplier_bp('forgiven.forgiven_milli') }} > forgiven.own_multiplier_bp as is_necessary
    from forgiven
    inner join cells
        on
            forgiven.policy_version = cells.policy_version
            and forgiven.forgiven_milli >= cells.lower_milli
            and forgiven.forgiven_milli < cells.upper_milli
            and forgiven.utilisation_bp >= cells.lower_utilisation_bp
            and forgiven.utilisation_bp < cells.upper_utilisation_bp

),

chosen as (

    select
        *,
        bool_or(is_necessary) over (partition by customer_decision_key) as is_any_necessary
    from weighed

),

placed as (

    select
        *,
        row_number() over (
            partition by customer_decision_key, cause
            order by reason_points_lost desc, reason_code
        ) as place
    from chosen
    where is_necessary or not is_any_necessary

)

select
    customer_decision_key,
    reason_code,
    feature,
    feature_value,
    goal_value,
    cast(reason_points_lost as bigint) as points_lost
from placed
where place = 1
