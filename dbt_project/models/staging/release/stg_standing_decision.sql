-- Grain: one row an account of a night that is restated: the decision that the night first published and from which it
-- ordered. Empty on every other night.

with

standing as (

    select * from {{ source('release', 'standing_decision') }}

)

select
    account_key,
    {{ to_minor('recommended_limit_amount') }} as recommended_minor,
    action,
    display_state = 'FROZEN_SECURITY' as is_overlaid,
    concat_ws(',', reason_code_1, reason_code_2, reason_code_3, reason_code_4) as reason_codes,
    decision_sha256
from standing
