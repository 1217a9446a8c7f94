-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_decided_limit with a cut that waits for its notice,
-- and the limit that is recommended tonight.

with

decided as (

    select * from {{ ref('dec_decided_limit') }}

),

pendings as (

    select * from {{ ref('dec_pending') }}

)

select
    decided.*,
    coalesce(pendings.is_pending, false) as is_pending,
    case when pendings.is_pending then pendings.pending_minor end as pending_minor,
    case when pendings.is_pending then pendings.pending_since_date end as pending_since_date,
    case when pendings.is_pending then pendings.pending_effective_date end as pending_effective_date,
    coalesce(pendings.movement = 'ACT', false) as is_pending_over,
    coalesce(pendings.limit_minor, decided.decided_minor) as recommended_minor
from decided
left join pendings on decided.decision_key = pendings.decision_key
