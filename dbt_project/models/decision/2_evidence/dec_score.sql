-- Grain: one row a customer and policy pack: the row of dec_feature_points with the score, its band, and the band's probability
-- of default.

with

points as (

    select * from {{ ref('dec_feature_points') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

bands as (

    select * from {{ ref('stg_policy_band') }}

),

summed as (

    select
        points.*,
        packs.score_min,
        packs.score_max,
        cast(
            packs.score_base
            {%- for feature in scored_features() %}
            + points.{{ feature }}_points
            {%- endfor %}
            as bigint
        ) as point_sum
    from points
    inner join packs on points.pack_number = packs.pack_number

),

scored as (

    select
        *,
        least(score_max, greatest(score_min, point_sum)) as score
    from summed

)

select
    scored.*,
    bands.band,
    bands.pd_bp
from scored
inner join bands
    on
        scored.policy_version = bands.policy_version
        and scored.score >= bands.lower_score
        and scored.score < bands.upper_score
