-- Grain: one row a policy pack, feature and bin of its scorecard.
-- Open ends become the ends of the number line; the MISSING bin holds the one marker below every value.

with

scorecard as (

    select * from {{ ref('stg_policy_scorecard') }}

)

select
    policy_version,
    feature,
    is_missing,
    case when is_missing then {{ missing_marker() }} else coalesce(lower, {{ missing_marker() }} + 1) end as lower_value,
    case when is_missing then {{ missing_marker() }} + 1 else coalesce(upper, {{ highest_value() }}) end as upper_value,
    points,
    max(points) over (partition by policy_version, feature) as best_points,
    reason_code,
    sign
from scorecard
