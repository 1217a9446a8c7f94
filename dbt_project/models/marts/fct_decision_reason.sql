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
    texts.text_zh,
    texts.text_en,
    texts.advice_zh,
    texts.advice_en
from reasons
inner join decisions
    on reasons.account_key = decisions.account_key and reasons.policy_version = decisions.policy_version
left join texts
    on reasons.account_key = texts.account_key and reasons.reason_rank = texts.reason_rank
