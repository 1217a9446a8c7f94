-- The regulatory cap comes last, over everything, also over raises.

with

decisions as (

    select * from {{ ref('dec_decision') }}

)

select
    account_key,
    cap_rule_id,
    cap_minor,
    decided_minor
from decisions
where decided_minor > cap_minor and overlay_code is null
