-- Grain: one row a customer and policy pack with something suspicious that became known tonight, and the points of
-- suspicion.

with

exposures as (

    select * from {{ ref('dec_exposure') }}

),

security as (

    select * from {{ ref('ftr_security') }}
    where suspicious_events_new > 0

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
        exposures.customer_decision_key,
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
    customer_decision_key,
    cast(sum(points) as bigint) as points,
    sum(points) >= max(freeze_at_points) as has_cause,
    bool_or(feature = 'f37_customers_per_device') as has_shared_device
from suspicions
where feature_value >= threshold
group by customer_decision_key
