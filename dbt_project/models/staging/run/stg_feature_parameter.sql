-- Grain: one row: the thresholds of seeds/feature_parameter.csv, one column each.

with

parameters as (

    select * from {{ ref('feature_parameter') }}

)

select
{%- for name in [
    'small_application_amount_minor', 'night_from_hour', 'night_to_hour', 'near_full_share_bp', 'early_repayment_days',
    'first_payment_grace_days', 'bureau_lag_days', 'device_memory_days', 'late_answer_days', 'recourse_acting_days',
    'recourse_slack_nights', 'recourse_near_share_bp',
    'parallel_outcome_days', 'parallel_bad_days_past_due'
] %}
    max(case when name = '{{ name }}' then value end) as {{ name }}{{ "," if not loop.last }}
{%- endfor %}
from parameters
