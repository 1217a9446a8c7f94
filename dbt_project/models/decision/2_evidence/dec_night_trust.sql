-- Grain: one row: whether tonight anything is distrusted on which a future date may depend. A source that no feature
-- reads and that brings no cases has no effect on anybody's way back.

with

sources as (

    select * from {{ ref('stg_night_source') }}

),

drifts as (

    select * from {{ ref('dec_feature_drift') }}

),

features as (

    select * from {{ ref('feature') }}

),

evidence as (

    select is_distrusted
    from sources
    where source = 'case_event' or source in (select source from features)

    union all

    select is_distrusted from drifts

)

select bool_or(is_distrusted) as is_any_distrusted
from evidence
