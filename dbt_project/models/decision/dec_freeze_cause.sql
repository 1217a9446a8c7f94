-- Grain: one row a customer and policy pack with points of suspicion tonight.

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

security as (

    select * from {{ ref('ftr_security') }}

),

rules as (

    select
        freeze_rules.*,
        coalesce(sources.is_distrusted, false) as is_distrusted
    from {{ ref('stg_policy_freeze_rule') }} as freeze_rules
    inner join {{ ref('feature') }} as names on freeze_rules.feature = names.feature
    left join {{ ref('stg_night_source') }} as sources on names.source = sources.source

),

suspicions as (

    select
        exposures.customer_key,
        exposures.policy_version,
        rules.feature,
        rules.threshold,
        rules.points,
        rules.freeze_at_points,
        case rules.feature
            {%- for feature in security_features() %}
            when '{{ feature }}' then security.{{ feature }}
            {%- endfor %}
        end as feature_value
    from exposures
    inner join rules on exposures.policy_version = rules.policy_version
    inner join security on exposures.customer_key = security.customer_key
    where not rules.is_distrusted

)

select
    suspicions.customer_key,
    suspicions.policy_version,
    cast(sum(suspicions.points) as bigint) as points,
    sum(suspicions.points) >= max(suspicions.freeze_at_points) and max(security.suspicious_events_new) > 0 as has_cause,
    bool_or(suspicions.feature = 'f37_customers_per_device') as has_shared_device
from suspicions
inner join security on suspicions.customer_key = security.customer_key
where suspicions.feature_value >= suspicions.threshold
group by suspicions.customer_key, suspicions.policy_version
