-- Grain: one row an account with a recourse date that stood after the valid night before. If the customer is merged
-- tonight, the date is the survivor's.

with

carried as (

    select * from {{ source('state', 'promise') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}
    where not is_copy

)

select
    carried.account_key,
    coalesce(moved.customer_key, carried.customer_key) as customer_key
    {%- for column in [
        'policy_version', 'act_by_date', 'arrears_minor', 'stops_applying', 'clears_related', 'pays_past_due', 'pays_on_time',
        'gives_consent', 'updates_income', 'first_raised_on_date', 'first_raised_minor', 'restores_to_minor',
        'restores_on_date', 'raises_from_date', 'utilisation_below_bp', 'promised_date', 'uncounted_nights', 'was_person_changed'
    ] %},
    carried.{{ column }}
    {%- endfor %}
from carried
left join moved on carried.customer_key = moved.carried_key
