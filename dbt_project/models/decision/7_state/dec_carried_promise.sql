-- Grain: one row an account with a recourse date that stands after tonight: given tonight, or before and still open.

with

promises as (

    select * from {{ ref('dec_promise') }}
    where status = 'OPEN'

),

recourses as (

    select * from {{ ref('dec_recourse') }}

)

{%- set columns = [
    'account_key', 'customer_key', 'policy_version', 'act_by_date', 'arrears_minor', 'stops_applying', 'clears_related',
    'pays_past_due', 'pays_on_time', 'gives_consent', 'updates_income', 'first_raised_on_date', 'first_raised_minor',
    'restores_to_minor', 'restores_on_date', 'raises_from_date', 'utilisation_below_bp'
] %}

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    promised_date,
    uncounted_nights,
    is_person_changed as was_person_changed
from promises

union all

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    business_date as promised_date,
    0 as uncounted_nights,
    false as was_person_changed
from recourses
