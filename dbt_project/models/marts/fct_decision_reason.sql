-- Grain: one row an account, night and reason rank.

with

decisions as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

reasons as (

    select * from {{ ref('dec_reason') }}

),

texts as (

    select * from {{ ref('dec_reason_text') }}

)

select
    decisions.business_date,
    decisions.account_key,
    reasons.reason_rank,
    reasons.reason_code,
    reasons.feature,
    reasons.feature_value,
    reasons.points_lost,
    texts.customer_zh as text_zh,
    texts.customer_en as text_en,
    texts.customer_advice_zh as advice_zh,
    texts.customer_advice_en as advice_en,
    texts.agent_zh as agent_text_zh,
    texts.agent_en as agent_text_en,
    texts.agent_advice_zh,
    texts.agent_advice_en,
    texts.restricted_zh as restricted_text_zh,
    texts.restricted_en as restricted_text_en,
    texts.restricted_advice_zh,
    texts.restricted_advice_en
from reasons
inner join decisions
    on reasons.account_key = decisions.account_key and reasons.policy_version = decisions.policy_version
left join texts
    on reasons.account_key = texts.account_key and reasons.reason_rank = texts.reason_rank
