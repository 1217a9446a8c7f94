-- Grain: one row a policy pack, scored feature and bin, as tonight hands it to the next night: the number of tonight's
-- customers. If the feature was not counted tonight, the row has the numbers of the last night that counted it.

with

tonight as (

    select * from {{ ref('dec_feature_share') }}

),

carried as (

    select * from {{ ref('stg_feature_share_state') }}

),

counted as (

    select distinct pack, feature
    from tonight

)

select
    policy_version,
    pack,
    feature,
    lower_value,
    customer_count
from tonight

union all

select
    carried.policy_version,
    carried.pack,
    carried.feature,
    carried.lower_value,
    carried.customer_count
from carried
left join counted on carried.pack = counted.pack and carried.feature = counted.feature
where counted.feature is null
