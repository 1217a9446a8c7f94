-- Grain: one row a policy pack, legal entity, purpose and channel of tonight's accounts that a regulatory cap concerns: the first rule,
-- and the lowest of their bounds in whole units of the pack.

with

compositions as (

    select * from {{ ref('dec_composition') }}

),

caps as (

    select * from {{ ref('stg_policy_regulatory_cap') }}

),

concerned as (

    select distinct
        pack_number,
        policy_version,
        rounding_minor,
        legal_entity_code,
        purpose_code,
        channel_code
    from compositions

)

select
    concerned.pack_number,
    concerned.legal_entity_code,
    concerned.purpose_code,
    concerned.channel_code,
    min(caps.rule_id) as rule_id,
    min_by(caps.cap_minor, caps.rule_id) as cap_minor,
    min({{ round_down('caps.cap_minor', 'concerned.rounding_minor') }}) as min_bound_minor
from concerned
inner join caps
    on
        concerned.policy_version = caps.policy_version
        and caps.legal_entity_code in (concerned.legal_entity_code, '*')
        and caps.purpose_code in (concerned.purpose_code, '*')
        and caps.channel_code in (concerned.channel_code, '*')
group by concerned.pack_number, concerned.legal_entity_code, concerned.purpose_code, concerned.channel_code
