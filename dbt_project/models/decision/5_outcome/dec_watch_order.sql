-- Grain: one row a freeze, a longer freeze or a restore that a watch between nights asks for. No night reads it. It
-- decides no limit: an account keeps the core's limit, orders in flight included. Between nights, the name of a limit's
-- state is one that the limit itself shows; only a night can say that a limit is capped. The desk of restricted
-- customers reads the agent's words if a pack has none of its own for it.

{{ config(materialized='view') }}

{%- set texts = ['zh', 'en', 'advice_zh', 'advice_en'] %}

with

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

movements as (

    select * from {{ ref('dec_security_movement') }}

),

notices as (

    select
        movements.account_key,
        rules.is_required,
        rules.due_days,
        row_number() over (
            partition by movements.account_key
            order by case when rules.reason_code = '*' then 1 else 0 end, rules.lead_days desc, rules.channel
        ) as preference
    from movements
    inner join {{ ref('stg_policy_notice_rule') }} as rules
        on
            movements.policy_version = rules.policy_version
            and movements.action = rules.action
            and rules.reason_code in (movements.overlay_code, '*')

),

texts as (

    select
        policy_version,
        reason_code
        {%- for text in texts %},
        max(case when audience = 'customer' then {{ text }} end) as {{ text }},
        coalesce(
            max(case when audience = 'restricted' then {{ text }} end),
            max(case when audience = 'agent' then {{ text }} end)
        ) as restricted_{{ text }}
        {%- endfor %}
    from {{ ref('stg_policy_reason_text') }}
    group by policy_version, reason_code

),

ordered as (

    select
        movements.*,
        accounts.slice_code,
        accounts.limit_minor,
        case
            when movements.is_overlaid then 'FROZEN_SECURITY'
            when accounts.limit_minor >= accounts.reference_limit_minor then 'NORMAL'
            when accounts.limit_minor <= packs.floor_minor and (accounts.limit_minor > 0 or packs.floor_minor = 0)
                then 'FLOORED'
            else 'REDUCED'
        end as display_state,
        coalesce(notices.is_required, false) as is_notice_required,
        case when notices.is_required then {{ add_days('movements.business_date', 'notices.due_days') }} end as notice_due_date,
        texts.zh as text_zh,
        texts.en as text_en,
        texts.advice_zh,
        texts.advice_en,
        texts.restricted_zh as restricted_text_zh,
        texts.restricted_en as restricted_text_en,
        texts.restricted_advice_zh,
        texts.restricted_advice_en
    from movements
    inner join accounts on movements.account_key = accounts.account_key
    inner join packs on movements.policy_version = packs.policy_version
    left join notices on movements.account_key = notices.account_key and notices.preference = 1
    left join texts on movements.policy_version = texts.policy_version and movements.overlay_code = texts.reason_code

)

select
    {{ sha256_hex(fields_text([
        'account_key', 'previous_adjustment_id', 'action', 'limit_minor', 'display_state', 'ordered_at', 'expires_at'
    ])) }} as adjustment_id,
    business_date,
    account_key,
    customer_key,
    slice_code,
    policy_version,
    pack,
    action,
    {{ to_major('limit_minor') }} as old_limit_amount,
    {{ to_major('limit_minor') }} as new_limit_amount,
    effective_date,
    expires_at,
    display_state,
    overlay_code as reason_codes,
    {{ sha256_hex(fields_text([
        'business_date', 'ordered_at', 'account_key', 'customer_key', 'policy_version', 'action', 'limit_minor',
        'display_state', 'overlay_code', 'frozen_until_at'
    ])) }} as decision_sha256,
    movement,
    frozen_since_date,
    frozen_at,
    frozen_until_at,
    extension_count,
    reason_code,
    is_notice_required,
    notice_due_date,
    text_zh,
    text_en,
    advice_zh,
    advice_en,
    restricted_text_zh,
    restricted_text_en,
    restricted_advice_zh,
    restricted_advice_en
from ordered
