-- Grain: one row a policy pack and regulatory cap in force tonight.

with

caps as (

    select * from {{ ref('stg_policy_regulatory_cap') }}

)

select
    caps.policy_version,
    caps.rule_id,
    caps.legal_entity_code,
    caps.purpose_code,
    caps.channel_code,
    caps.base,
    {{ to_major('caps.cap_minor') }} as cap_amount,
    caps.effective_from,
    caps.effective_to,
    caps.citation
from caps
