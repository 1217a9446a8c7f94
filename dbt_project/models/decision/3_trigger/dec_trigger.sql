-- Grain: one row a customer, policy pack and trigger that is active tonight or was cured tonight.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

customers as (

    select * from {{ ref('dec_customer') }}

),

repayment as (

    select * from {{ ref('ftr_repayment') }}

),

rules as (

    select * from {{ ref('dec_trigger_rule') }}

),

hits as (

    select * from {{ ref('dec_trigger_condition') }}

),

known_before as (

    select * from {{ ref('dec_known_trigger') }}

),

customers_before as (

    select * from {{ ref('stg_customer_state') }}

),

accounts as (

    select * from {{ ref('dec_account') }}

),

pauses as (

    select
        account_key,
        customer_key,
        coalesce(from_date, local_date) as from_date,
        to_date
    from {{ ref('stg_case_event') }}
    where kind = 'hardship_pause' and coalesce(outcome, 'received') <> 'withdrawn'

),

paused_accounts as (

    select accounts.customer_decision_key, pauses.from_date, pauses.to_date
    from accounts
    inner join pauses on accounts.account_key = pauses.account_key

    union all

    select accounts.customer_decision_key, pauses.from_date, pauses.to_date
    from accounts
    inner join pauses on accounts.customer_key = pauses.customer_key
    where pauses.account_key is null

),

-- hits that would have been none if the pause had been known
paused_hits as (

    select distinct
        known_before.customer_decision_key,
        known_before.trigger_code
    from known_before
    inner join paused_accounts
        on
            known_before.customer_decision_key = paused_accounts.customer_decision_key
            and known_before.last_hit_date >= paused_accounts.from_date
            and known_before.last_hit_date <= coalesce(paused_accounts.to_date, known_before.last_hit_date)

),

overturned as (

    select * from {{ ref('dec_overturned_evidence') }}

),

sources_of as (

    select feature, source
    from {{ ref('feature') }}

    union all

    -- the bureau fact that only triggers use
    select distinct 'bureau_has_new_default' as feature, source
    from {{ ref('feature') }}
    where family = 'bureau'

),

-- also hits on a row that an overturned appeal names as bad and that was corrected
excused_hits as (

    select customer_decision_key, trigger_code
    from paused_hits

    union

    select known_before.customer_decision_key, known_before.trigger_code
    from known_before
    inner join customers on known_before.customer_decision_key = customers.customer_decision_key
    inner join sources_of on known_before.feature = sources_of.feature
    inner join overturned
        on
            customers.customer_key = overturned.customer_key
            and sources_of.source = overturned.source
            and known_before.last_hit_date >= overturned.corrected_date

),

house_before as (

    select
        {%- for fact in believed_facts() %}
        count({{ fact }}) > 0 as knew_{{ fact }}{{ ',' if not loop.last }}
        {%- endfor %}
    from customers_before

),

concerned as (

    select customer_decision_key, trigger_code from hits

    union

    select customer_decision_key, trigger_code from known_before

),

judged as (

    select
        customers.customer_decision_key,
        customers.customer_key,
        customers.policy_version,
        customers.pack,
        rules.trigger_code,
        rules.effect,
        rules.effect_bp,
        rules.hold_nights,
        rules.clean_nights as clean_days_needed,
        night.business_date,
        known_before.trigger_code is not null as was_active,
        known_before.triggered_date,
        known_before.last_hit_date,
        coalesce(known_before.nights_in_a_row, 0) as nights_in_a_row_before,
        coalesce(known_before.is_sustained, false) as was_sustained,
        known_before.clean_since_date,
        known_before.is_inherited as was_inherited,
        customers.is_new_customer,
        case hits.feature
            {%- for fact in believed_facts() %}
            when '{{ fact }}' then not house_before.knew_{{ fact }}
            {%- endfor %}
            else false
        end as is_newly_known,
        hits.trigger_code is not null and not night.is_void and not customers.is_at_rest as is_hit,
        customers.is_at_rest
        or ((hits.trigger_code is null or night.is_void) and rules.is_undecided) as is_undecided,
        excused_hits.trigger_code is not null as is_excused,
        coalesce(hits.reason_code, known_before.reason_code, rules.reason_code) as reason_code,
        coalesce(hits.feature, known_before.feature) as feature,
        hits.feature_value,
        hits.goal_value,
        coalesce(rules.max_days_past_due is null or customers.f01_dpd_now <= rules.max_days_past_due, false) as is_clean,
        rules.is_instalment_distrusted,
        rules.asked_on_time_instalments = 0
        or (
            not rules.is_instalment_distrusted
            and coalesce(repayment.on_time_instalments_90d, 0)
            >= least(rules.asked_on_time_instalments, coalesce(repayment.due_instalments_90d, 0))
        ) as has_paid_on_time
    from concerned
    cross join night
    cross join house_before
    inner join customers on concerned.customer_decision_key = customers.customer_decision_key
    inner join rules on customers.policy_version = rules.policy_version and concerned.trigger_code = rules.trigger_code
    inner join repayment on customers.customer_key = repayment.customer_key
    left join excused_hits
        on
            concerned.customer_decision_key = excused_hits.customer_decision_key
            and concerned.trigger_code = excused_hits.trigger_code
    left join hits
        on
            concerned.customer_decision_key = hits.customer_decision_key
            and concerned.trigger_code = hits.trigger_code
    left join known_before
        on
            concerned.customer_decision_key = known_before.customer_decision_key
            and concerned.trigger_code = known_before.trigger_code

),

moved as (

    select
        *,
        case
            when is_hit then nights_in_a_row_before + 1
            when is_undecided then nights_in_a_row_before
            else 0
        end as nights_in_a_row,
        case
            when is_hit then null
            when is_undecided then clean_since_date
            when is_clean then coalesce(clean_since_date, business_date)
        end as clean_since_date_tonight
    from judged
    where is_hit or was_active

),

counted as (

    select
        *,
        -- after a decided night without a hit, a later hit is a new one
        coalesce(was_inherited and is_hit and nights_in_a_row_before = 0, false) as is_new_after_inherited,
        case
            when clean_since_date_tonight is null then 0
            else {{ days_between('clean_since_date_tonight', 'business_date') }} + 1
        end as clean_days
    from moved

),

held as (

    select
        *,
        was_active and not is_new_after_inherited as is_going_on,
        (was_sustained and not is_new_after_inherited) or nights_in_a_row >= hold_nights as is_sustained
    from counted

)

select
    customer_decision_key,
    customer_key,
    policy_version,
    pack,
    trigger_code,
    effect,
    effect_bp,
    reason_code,
    feature,
    feature_value,
    goal_value,
    is_hit,
    -- the night from which it acts, or as long as it does not act, the night of its first hit
    case when is_going_on and (was_sustained or not is_sustained) then triggered_date else business_date end as triggered_date,
    case when is_hit then business_date else last_hit_date end as last_hit_date,
    nights_in_a_row,
    is_sustained,
    clean_since_date_tonight as clean_since_date,
    clean_days,
    clean_days_needed,
    case
        -- what we learn for the first time tonight may be old
        when not was_active then is_new_customer or is_newly_known
        else was_inherited and not is_new_after_inherited
    end as is_inherited,
    not is_hit
    and not is_undecided
    and (is_excused or (is_clean and clean_days >= clean_days_needed and has_paid_on_time)) as is_cured,
    not is_hit
    and (
        is_undecided
        or (is_clean and clean_days >= clean_days_needed and not has_paid_on_time and is_instalment_distrusted)
    ) as is_evidence_late
from held
