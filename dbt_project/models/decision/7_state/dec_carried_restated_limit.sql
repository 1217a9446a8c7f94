-- Grain: one row an account to which a restatement owes a limit: what tonight hands to the next night. If a restated
-- night decides a limit above the one that it had ordered, it owes the limit that it decides. The debt stands until the
-- core's limit reaches it, or a night decides less on evidence of its own. An overlay, or a night at rest, only defers
-- it.

with

limits as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

carried as (

    select * from {{ ref('stg_restated_limit_state') }}

),

standing as (

    select * from {{ ref('stg_standing_decision') }}

),

judged as (

    select
        limits.account_key,
        greatest(
            case
                when
                    carried.restated_limit_minor > limits.core_limit_minor
                    and (limits.overlay_code is not null or limits.is_at_rest)
                    then carried.restated_limit_minor
                when
                    carried.restated_limit_minor > limits.core_limit_minor
                    and limits.recommended_minor > limits.core_limit_minor
                    then least(carried.restated_limit_minor, limits.recommended_minor)
            end,
            case when limits.recommended_minor > standing.recommended_minor then limits.recommended_minor end
        ) as restated_limit_minor
    from limits
    left join carried on limits.account_key = carried.account_key
    left join standing on limits.account_key = standing.account_key
    where
        (carried.account_key is not null or standing.account_key is not null)
        and (not limits.keeps_limit or (limits.is_at_rest and limits.is_open and limits.reference_limit_minor > 0))

)

select
    account_key,
    restated_limit_minor
from judged
where restated_limit_minor is not null

union all

select
    carried.account_key,
    carried.restated_limit_minor
from carried
left join limits on carried.account_key = limits.account_key
where limits.account_key is null
