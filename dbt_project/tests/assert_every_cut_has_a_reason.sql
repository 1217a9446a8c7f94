-- Whoever is cut is told why: at least one reason, with text in both languages and no placeholder left.

with

decisions as (

    select * from {{ ref('fct_limit_decision') }}

),

reasons as (

    select * from {{ ref('fct_decision_reason') }}

)

select
    decisions.account_key,
    reasons.reason_code,
    reasons.text_zh,
    reasons.text_en
from decisions
left join reasons on decisions.account_key = reasons.account_key and reasons.reason_rank = 1
where decisions.action = 'DOWN' and reasons.account_key is null

union all

select
    account_key,
    reason_code,
    text_zh,
    text_en
from reasons
where
    text_zh is null
    or text_en is null
    or agent_text_zh is null
    or agent_text_en is null
    or text_zh || text_en || advice_zh || advice_en || agent_text_zh || agent_text_en || agent_advice_zh
    || agent_advice_en like '%' || '{' || '%'
