-- Grain: one row a policy pack, scored feature and bin: the customers in it on the last night that counted them.

with

carried as (

    select * from {{ source('state', 'feature_share') }}

)

select
    policy_version,
    pack,
    feature,
    lower_value,
    customer_count
from carried
