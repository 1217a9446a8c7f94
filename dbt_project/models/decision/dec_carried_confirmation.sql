-- Grain: one row a customer and pack: smoothed scores, and the points of the night on which the reference limit was
-- approved, as tonight hands them to the next night.
-- A customer whom tonight's snapshot does not name, or whom the pack does not decide tonight, keeps what was known.

with

confirmations as (

    select * from {{ ref('dec_confirmation') }}

),

points as (

    select * from {{ ref('dec_feature_points') }}

),

carried as (

    select * from {{ ref('stg_confirmation_state') }}

)

select
    confirmations.customer_key,
    confirmations.pack,
    confirmations.policy_version,
    confirmations.reference_limit_minor,
    confirmations.smoothed_milli
    {%- for feature in scored_features() %},
    case when confirmations.is_reference_night then points.{{ feature }}_points else carried.{{ feature }}_points end
        as {{ feature }}_points
    {%- endfor %}
from confirmations
inner join points
    on confirmations.customer_key = points.customer_key and confirmations.policy_version = points.policy_version
left join carried on confirmations.customer_key = carried.customer_key and confirmations.pack = carried.pack

union all

select
    carried.customer_key,
    carried.pack,
    carried.policy_version,
    carried.reference_limit_minor,
    carried.smoothed_milli
    {%- for feature in scored_features() %},
    carried.{{ feature }}_points
    {%- endfor %}
from carried
left join confirmations on carried.customer_key = confirmations.customer_key and carried.pack = confirmations.pack
where confirmations.customer_key is null
