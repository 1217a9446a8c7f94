-- Grain: one row a policy pack and risk class: the most days past due with which the class may still be better. The
-- thresholds are the dated regulatory parameters that seeds/risk_class.csv names.

with

parameters as (

    select * from {{ ref('stg_policy_regulatory_parameter') }}

),

classes as (

    select * from {{ ref('risk_class') }}

)

select
    parameters.policy_version,
    classes.risk_class,
    cast(parameters.value as bigint) as more_than_days_past_due
from parameters
inner join classes on parameters.param = classes.regulatory_parameter
