-- Grain: one row an account with a recourse tonight: what to do, what comes back and when, and what became of the
-- earlier date. A freeze ends by itself, so it has a day of its own, with a promise or without one.

{{ config(materialized='table') }}

{%- set actions = [
    ('PAY_PAST_DUE', 'pays_past_due'), ('STOP_APPLYING', 'stops_applying'), ('PAY_ON_TIME', 'pays_on_time'),
    ('CLEAR_RELATED', 'clears_related'), ('UPDATE_INCOME', 'updates_income'), ('GIVE_CONSENT', 'gives_consent')
] %}
{%- set sooner = ('VERIFY_IDENTITY', 'verifies_identity') %}
{%- set columns = [
    'account_key', 'customer_key', 'policy_version', 'business_date', 'act_by_date', 'arrears_minor', 'stops_applying', 'clears_related',
    'pays_past_due', 'pays_on_time', 'gives_consent', 'updates_income', 'first_raised_on_date', 'first_raised_minor',
    'restores_to_minor', 'restores_on_date'
] %}

with

night as (

    select * from {{ ref('stg_night') }}

),

limits as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

overlays as (

    select * from {{ ref('dec_overlay') }}
    where is_overlaid and reason_code in ('F1', 'F2') and frozen_until_at is not null

),

promises as (

    select * from {{ ref('dec_promise') }}

),

recourses as (

    select * from {{ ref('dec_recourse') }}

),

action_texts as (

    select
        {%- for action, flag in actions + [sooner] %}
        {%- for lang in ['zh', 'en'] %}
        max(case when action = '{{ action }}' then {{ lang }} end) as {{ flag }}_{{ lang }},
        {%- endfor %}
        {%- endfor %}
        count(*) as action_count
    from {{ ref('recourse_action') }}

),

-- the first night whose cut-off is not before the end of a freeze ends it, and draws are free the day after
frozen as (

    select
        limits.account_key,
        {{ add_days(
            'limits.business_date',
            '1 + ' ~ days_between('cast(night.cut_off_at as date)', 'cast(overlays.frozen_until_at as date)')
            ~ ' + case when ' ~ add_hours('night.cut_off_at', '24 * ' ~ days_between('cast(night.cut_off_at as date)', 'cast(overlays.frozen_until_at as date)'))
            ~ ' < overlays.frozen_until_at then 1 else 0 end'
        ) }} as unfrozen_on_date
    from limits
    cross join night
    inner join overlays on limits.decision_key = overlays.decision_key

),

answers as (

    select
        {%- for column in columns %}
        recourses.{{ column }},
        {%- endfor %}
        recourses.business_date as promised_date,
        'OPEN' as promise_status,
        promises.status as ended_status,
        promises.promised_date as ended_promised_date,
        promises.voided_by,
        promises.void_reason
    from recourses
    left join promises on recourses.account_key = promises.account_key

    union all

    select
        {%- for column in columns %}
        promises.{{ column }},
        {%- endfor %}
        promises.promised_date,
        promises.status as promise_status,
        case when promises.status <> 'OPEN' then promises.status end as ended_status,
        case when promises.status <> 'OPEN' then promises.promised_date end as ended_promised_date,
        promises.voided_by,
        promises.void_reason
    from promises
    left join recourses on promises.account_key = recourses.account_key
    where recourses.account_key is null

    union all

    select
        limits.account_key,
        limits.customer_key,
        limits.policy_version,
        limits.business_date,
        cast(null as date) as act_by_date,
        cast(null as bigint) as arrears_minor,
        false as stops_applying,
        false as clears_related,
        false as pays_past_due,
        false as pays_on_time,
        false as gives_consent,
        false as updates_income,
        cast(null as date) as first_raised_on_date,
        cast(null as bigint) as first_raised_minor,
        cast(null as bigint) as restores_to_minor,
        cast(null as date) as restores_on_date,
        cast(null as date) as promised_date,
        cast(null as {{ dbt.type_string() }}) as promise_status,
        cast(null as {{ dbt.type_string() }}) as ended_status,
        cast(null as date) as ended_promised_date,
        cast(null as {{ dbt.type_string() }}) as voided_by,
        cast(null as {{ dbt.type_string() }}) as void_reason
    from frozen
    inner join limits on frozen.account_key = limits.account_key
    left join promises on frozen.account_key = promises.account_key
    where promises.account_key is null

),

worded as (

    select
        answers.*,
        frozen.unfrozen_on_date,
        frozen.account_key is not null as verifies_identity
    from answers
    left join frozen on answers.account_key = frozen.account_key

)

select
    worded.*,
    nullif(concat_ws(
        ','
        {%- for action, flag in actions + [sooner] %},
        case when worded.{{ flag }} then '{{ action }}' end
        {%- endfor %}
    ), '') as action_needed,
    case when worded.verifies_identity then '{{ sooner[0] }}' end as sooner_action
    {%- for lang, separator in [('zh', '；'), ('en', '; ')] %},
    replace(replace(concat_ws(
        '{{ separator }}'
        {%- for action, flag in actions %},
        case when worded.{{ flag }} then action_texts.{{ flag }}_{{ lang }} end
        {%- endfor %}
    ), '{day}', coalesce({{ day_text('worded.act_by_date', lang) }}, '')), '{amount}', coalesce({{ amount_text('worded.arrears_minor') }}, ''))
        as actions_{{ lang }},
    case when worded.verifies_identity then action_texts.{{ sooner[1] }}_{{ lang }} end as sooner_{{ lang }}
    {%- endfor %}
from worded
cross join action_texts
