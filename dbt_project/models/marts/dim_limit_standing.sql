-- Grain: one row an account of tonight: the answer for the call centre today.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

standings as (

    select * from {{ ref('dec_limit_standing') }}

)

select
    decisions.account_key,
    decisions.customer_key,
    decisions.business_date as as_of_date,
    {{ to_major('decisions.old_limit_minor') }} as limit_amount,
    standings.limit_since_date as since_date,
    {{ to_major('decisions.reference_limit_minor') }} as reference_limit_amount,
    {{ to_major('decisions.recommended_minor') }} as decided_limit_amount,
    decisions.action,
    decisions.display_state,
    {{ to_major('decisions.drawable_minor') }} as drawable_amount,
    decisions.is_usable,
    decisions.reason_code_1,
    decisions.decision_sha256
from decisions
inner join standings on decisions.account_key = standings.account_key
