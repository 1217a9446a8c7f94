-- Grain: one row an account and kind of agreement whose outcome the valid night before was waiting for. If the customer
-- is merged tonight, the case is the survivor's.

with

carried as (

    select * from {{ source('state', 'parallel_case') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}
    where not is_copy

)

select
    carried.account_key,
    coalesce(moved.customer_key, carried.customer_key) as customer_key
    {%- for column in [
        'slice_code', 'compared_date', 'agreement', 'limit_before_minor', 'our_limit_minor', 'core_limit_minor',
        'principal_minor', 'days_past_due', 'worst_days_past_due', 'was_charged_off'
    ] %},
    carried.{{ column }}
    {%- endfor %}
from carried
left join moved on carried.customer_key = moved.carried_key
