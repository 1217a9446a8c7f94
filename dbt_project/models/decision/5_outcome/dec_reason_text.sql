-- Grain: one row an account, assigned pack and reason rank: the reason in words, with the numbers that were stored for
-- it. The words are for the customer, for the agent in the call centre and for the restricted queue. If a pack has no
-- words for the restricted queue, the agent's are used.

{%- set audiences = ['customer', 'agent', 'restricted'] %}

with

reasons as (

    select * from {{ ref('dec_reason') }}

),

limits as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

customers as (

    select * from {{ ref('dec_customer') }}

),

features as (

    select * from {{ ref('feature') }}

),

caps as (

    select * from {{ ref('stg_policy_regulatory_cap') }}

),

texts as (

    select
        policy_version,
        reason_code
        {%- for audience in audiences %}
        {%- for text in ['zh', 'en', 'advice_zh', 'advice_en'] %},
        max(case when audience = '{{ audience }}' then {{ text }} end) as {{ audience }}_{{ text }}
        {%- endfor %}
        {%- endfor %}
    from {{ ref('stg_policy_reason_text') }}
    group by policy_version, reason_code

),

numbers as (

    select
        reasons.account_key,
        reasons.policy_version,
        reasons.reason_rank,
        reasons.reason_code,
        {{ value_text('reasons.feature_value', "case when reasons.reason_code in ('K1', 'N3') then 'count' else coalesce(features.unit, 'minor') end") }} as value_text,
        {{ percent_text('reasons.feature_value') }} as percent_text,
        {{ value_text('reasons.goal_value', "case when reasons.reason_code in ('K1', 'N3') then 'count' else coalesce(features.unit, 'minor') end") }} as goal_text,
        case
            -- arrears, and so the amount to be paid, are summed over all accounts of the customer
            when features.source = 'account_snapshot' then {{ amount_text('customers.arrears_minor') }}
            else {{ amount_text('reasons.feature_value') }}
        end as amount_text,
        coalesce(caps.citation, '') as rule_text,
        case when reasons.feature_value = 1 then '' else 's' end as plural_text,
        {{ day_text('limits.business_date', 'zh') }} as date_zh,
        {{ day_text('limits.business_date', 'en') }} as date_en
    from reasons
    inner join limits on reasons.decision_key = limits.decision_key
    inner join customers on limits.customer_decision_key = customers.customer_decision_key
    left join features on reasons.feature = features.feature
    left join caps on limits.policy_version = caps.policy_version and limits.cap_rule_id = caps.rule_id

)

select
    numbers.account_key,
    numbers.reason_rank
    {%- for audience in audiences %}
    {%- for text in ['zh', 'en', 'advice_zh', 'advice_en'] %},
    {{ fill_placeholders(
        'coalesce(texts.restricted_' ~ text ~ ', texts.agent_' ~ text ~ ')' if audience == 'restricted' else 'texts.' ~ audience ~ '_' ~ text,
        text.split('_') | last
    ) }} as {{ audience }}_{{ text }}
    {%- endfor %}
    {%- endfor %}
from numbers
left join texts
    on numbers.policy_version = texts.policy_version and numbers.reason_code = texts.reason_code
