-- Grain: one row an instalment that can still matter: not yet due, or due within the longest window over instalments.

with

night as (

    select * from {{ ref('stg_night') }}

),

instalments as (

    select * from {{ ref('stg_instalment') }}

)

select
    instalments.instalment_hash,
    instalments.account_key,
    instalments.instalment_no,
    instalments.due_date,
    instalments.due_minor,
    instalments.paid_date,
    instalments.paid_minor,
    instalments.is_reversed
from instalments
cross join night
where instalments.due_date > {{ add_days('night.business_date', -181) }}
