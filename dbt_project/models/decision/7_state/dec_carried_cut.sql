-- Grain: one row a cut of ours that may be the reason for an account's limit, and cited reason: the facts with which an
-- appeal against it is rechecked (one empty row if the cut cited none). The cut is dropped once neither the limit to go
-- on from nor the core's own limit is where the cut led: a later move that is decided may never be applied. It is also
-- dropped once the limit is back at the reference limit.

with

limits as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

reasons as (

    select * from {{ ref('dec_reason') }}

),

features as (

    select * from {{ ref('feature') }}

),

sources as (

    select * from {{ ref('stg_night_source') }}

),

carried as (

    select * from {{ ref('stg_cut_state') }}

)

select
    limits.account_key,
    limits.customer_key,
    limits.business_date as decided_date,
    limits.limit_minor as old_limit_minor,
    limits.recommended_minor as new_limit_minor,
    limits.tonight_target_minor,
    coalesce(reasons.reason_rank, 1) as reason_rank,
    reasons.reason_code,
    reasons.feature,
    reasons.feature_value,
    coalesce(sources.is_distrusted, false) as is_source_distrusted
from limits
left join reasons on limits.decision_key = reasons.decision_key
left join features on reasons.feature = features.feature
left join sources on features.source = sources.source
where limits.action = 'DOWN'

union all

select
    carried.account_key,
    carried.customer_key,
    carried.decided_date,
    carried.old_limit_minor,
    carried.new_limit_minor,
    carried.tonight_target_minor,
    carried.reason_rank,
    carried.reason_code,
    carried.feature,
    carried.feature_value,
    carried.is_source_distrusted
from carried
left join limits on carried.account_key = limits.account_key
where
    limits.account_key is null
    or (
        carried.new_limit_minor < limits.reference_limit_minor
        and carried.new_limit_minor in (limits.limit_minor, limits.core_limit_minor)
    )
