-- Grain: one row a customer and pack: the points of the night on which the reference limit was approved, as tonight
-- hands them to the next night. Only customers whose reference limit is approved tonight get new points.

with

approved as (

    select * from {{ ref('dec_customer') }}
    where is_reference_night

),

believed as (

    select * from {{ ref('dec_believed_feature') }}

),

scorecards as (

    select * from {{ ref('dec_scorecard_row') }}

),

carried as (

    select * from {{ ref('stg_reference_points_state') }}

)

select
    approved.customer_key,
    approved.pack
    {%- for feature in scored_features() %},
    {{ scorecard_points(feature, 'believed.' ~ feature, 'scorecards') }} as {{ feature }}_points
    {%- endfor %}
from approved
inner join believed on approved.customer_key = believed.customer_key
inner join scorecards on approved.pack_number = scorecards.pack_number

union all

select
    carried.customer_key,
    carried.pack
    {%- for feature in scored_features() %},
    carried.{{ feature }}_points
    {%- endfor %}
from carried
left join approved on carried.customer_key = approved.customer_key and carried.pack = approved.pack
where approved.customer_key is null
