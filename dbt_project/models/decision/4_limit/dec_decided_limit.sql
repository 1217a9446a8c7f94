-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_maximised_limit with the limit as all operators
-- compose it, before a cut that has to wait for its notice.

with

limits as (

    select * from {{ ref('dec_maximised_limit') }}

),

caps as (

    select * from {{ ref('dec_regulatory_cap') }}

),

-- if nothing is shared and no cap is reached, the first rule represents all rules that concern the account
capped as (

    select
        limits.*,
        case when not (limits.keeps_limit or limits.has_overlay) then coalesce(caps.rule_id, limits.first_rule_id) end
            as cap_rule_id,
        case when not (limits.keeps_limit or limits.has_overlay) then coalesce(caps.cap_minor, limits.first_cap_minor) end
            as cap_minor,
        case when not (limits.keeps_limit or limits.has_overlay) then coalesce(caps.room_minor, limits.min_bound_minor) end
            as cap_room_minor,
        coalesce(caps.capped_minor, limits.maximised_minor) as capped_minor,
        coalesce(caps.is_cap_reached, false) as is_cap_reached
    from limits
    left join caps on limits.decision_key = caps.decision_key

)

select
    *,
    -- a limit at the cap counts as capped on every night, not only on the night that lowered it
    capped_minor < maximised_minor or (is_cap_reached and capped_minor < reference_limit_minor) as is_capped,
    -- on the night of a restore the limit is still exactly the frozen one
    case when has_overlay then limit_minor else capped_minor end as decided_minor
from capped
