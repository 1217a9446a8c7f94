-- Grain: one row a policy pack and regulatory parameter in force tonight.

with

parameters as (

    select * from {{ ref('stg_policy_regulatory_parameter') }}

)

select
    parameters.policy_version,
    parameters.param,
    parameters.jurisdiction,
    parameters.entity_type,
    parameters.purpose,
    parameters.channel,
    parameters.value,
    parameters.unit,
    parameters.source
from parameters
