-- Grain: one row a policy pack, band and utilisation bin: the multiplier at the band's lower edge and at the lower edge
-- of the next better band. Edges are in milli-points. Between the two edges the multiplier runs in a straight line, so
-- that no band edge is a cliff.

with

matrix as (

    select * from {{ ref('stg_policy_strategy_matrix') }}

),

bands as (

    select * from {{ ref('stg_policy_band') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

cells as (

    select
        matrix.policy_version,
        packs.pack_number,
        matrix.band,
        bands.lower_score,
        bands.upper_score,
        matrix.lower_utilisation_bp,
        matrix.upper_utilisation_bp,
        matrix.multiplier_bp
    from matrix
    inner join packs on matrix.policy_version = packs.policy_version
    inner join bands on matrix.policy_version = bands.policy_version and matrix.band = bands.band

)

select
    cells.policy_version,
    cells.pack_number,
    cells.band,
    {{ to_milli('cells.lower_score') }} as lower_milli,
    {{ to_milli('cells.upper_score') }} as upper_milli,
    coalesce(cells.lower_utilisation_bp, {{ missing_marker() }}) as lower_utilisation_bp,
    coalesce(cells.upper_utilisation_bp, {{ highest_value() }}) as upper_utilisation_bp,
    cells.multiplier_bp,
    coalesce(better.multiplier_bp, cells.multiplier_bp) as better_multiplier_bp
from cells
left join cells as better
    on
        cells.policy_version = better.policy_version
        and cells.upper_score = better.lower_score
        and cells.lower_utilisation_bp is not distinct from better.lower_utilisation_bp
