-- Grain: one row an account whose order is on its way: how the core's own limit stands meanwhile. Tonight hands it to
-- the next night, so that an order that ends without being applied leaves no trace.

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

states as (

    select * from {{ ref('stg_account_state') }}

),

carried as (

    select * from {{ ref('stg_core_standing_state') }}

)

{%- set columns = [
    'limit_since_date', 'previous_limit_minor', 'cause_date', 'cause_minor', 'cause_reason_codes', 'cause_sha256'
] %}

select
    accounts.account_key
    {%- for column in columns %},
    case
        when accounts.core_limit_minor = states.limit_minor then states.{{ column }}
        else carried.{{ column }}
    end as {{ column }}
    {%- endfor %}
from accounts
inner join states on accounts.account_key = states.account_key
left join carried on accounts.account_key = carried.account_key
where
    accounts.limit_minor <> accounts.core_limit_minor
    and (
        accounts.core_limit_minor = states.limit_minor
        or (accounts.core_limit_minor = states.core_limit_minor and carried.account_key is not null)
    )

union all

-- an account that tonight's snapshot does not name keeps what it had
select
    carried.account_key
    {%- for column in columns %},
    carried.{{ column }}
    {%- endfor %}
from carried
left join accounts on carried.account_key = accounts.account_key
where accounts.account_key is null
