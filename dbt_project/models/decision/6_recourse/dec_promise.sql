-- Grain: one row an account with a recourse date that stood before tonight: kept, missed, still open, or void and by
-- whom. A promise is kept once the core's own limit is back as it was decided. If the limit is there because the cut
-- never came, nothing was kept. A promise is void as soon as something that it assumed is no longer so; by whom says
-- who can tell the customer why.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

promises as (

    select * from {{ ref('stg_promise_state') }}

),

stages as (

    select * from {{ ref('stg_promise_stage_state') }}

),

limits as (

    select * from {{ ref('dec_decision') }}
    where is_assigned

),

customers as (

    select * from {{ ref('dec_customer') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

orders as (

    select
        account_key,
        bool_or(is_changed_tonight and status in ('REJECTED', 'EXPIRED', 'PARTIAL')) as has_failed_order
    from {{ ref('dec_order') }}
    group by account_key

),

trust as (

    select * from {{ ref('dec_night_trust') }}

),

customers_at_rest as (

    select * from {{ ref('dec_customer_at_rest') }}

),

assumed as (

    select
        stages.account_key,
        max(stages.score) as score
    from stages
    cross join night
    where stages.from_date <= night.business_date
    group by stages.account_key

),

compared as (

    select
        promises.*,
        night.business_date,
        night.is_void,
        {{ add_days('night.business_date', 1) }} >= promises.restores_on_date as is_due,
        night.business_date >= promises.restores_on_date as is_overdue,
        limits.account_key is not null as is_delivered,
        customers_at_rest.customer_key is not null as is_at_rest,
        -- the promise assumed that all facts are about one person
        coalesce(promises.was_person_changed, false) or customers_at_rest.customer_key is not null as is_person_changed,
        coalesce(limits.is_open, true) as is_open,
        -- a cut that waits for its notice is decided, too
        least(limits.recommended_minor, coalesce(limits.pending_minor, limits.recommended_minor)) as recommended_minor,
        coalesce(
            least(carried.recommended_minor, coalesce(carried.pending_minor, carried.recommended_minor))
            >= promises.restores_to_minor,
            false
        ) as is_decided_before,
        -- the snapshot may be older than the core's answer
        coalesce(
            limits.core_limit_minor >= promises.restores_to_minor
            or (
                limits.highest_applied_minor >= promises.restores_to_minor
                and limits.limit_minor >= promises.restores_to_minor
            ),
            false
        ) as is_core_back,
        limits.overlay_code is not null as is_overlaid,
        limits.policy_version as policy_version_tonight,
        -- whether the limit is below what the night before decided
        coalesce(limits.limit_minor < carried.recommended_minor, false) as is_behind,
        coalesce(
            limits.limit_minor > carried.recommended_minor
            and not limits.is_external_change
            and limits.highest_applied_minor is null,
            false
        ) as is_uncut,
        coalesce(limits.is_external_change, false) as is_changed_by_core,
        coalesce(orders.has_failed_order, false) as has_failed_order,
        coalesce(limits.score < assumed.score, false) as is_score_too_low,
        coalesce(customers.utilisation_bp, 0) >= promises.utilisation_below_bp as is_use_too_high,
        night.business_date >= promises.raises_from_date and coalesce(limits.is_raise_barred, false) as is_raise_forbidden,
        coalesce(limits.own_maximum_minor < promises.restores_to_minor, false)
        or coalesce(limits.customer_maximum_minor < promises.restores_to_minor, false) as is_own_maximum_too_low,
        least(
            coalesce(limits.tier_bound_minor, promises.restores_to_minor),
            coalesce(limits.customer_income_bound_minor, promises.restores_to_minor),
            coalesce(limits.cap_minor, promises.restores_to_minor)
        ) < promises.restores_to_minor as is_bound_too_low,
        coalesce(customers.is_maintenance, false) as is_maintenance,
        coalesce(customers.is_counted, false) as is_counted,
        {{ days_between('coalesce(night.previous_business_date, night.business_date)', 'night.business_date') }} - 1
            as skipped_nights,
        -- distrust delays what begins or is decided on that night: the cure once the customer has acted, and the raises
        trust.is_any_distrusted
        and night.business_date >= promises.act_by_date
        and (
            night.business_date <= {{ add_days('promises.act_by_date', 'parameters.recourse_slack_nights') }}
            or night.business_date >= promises.raises_from_date
        ) as is_delayed,
        trust.is_any_distrusted,
        parameters.recourse_slack_nights
    from promises
    cross join night
    cross join parameters
    cross join trust
    left join limits on promises.account_key = limits.account_key
    left join customers on limits.customer_decision_key = customers.customer_decision_key
    left join customers_at_rest on coalesce(limits.customer_key, promises.customer_key) = customers_at_rest.customer_key
    left join carried on promises.account_key = carried.account_key
    left join orders on promises.account_key = orders.account_key
    left join assumed on promises.account_key = assumed.account_key

),

reached as (

    select
        *,
        coalesce(recommended_minor >= restores_to_minor, false) and not is_overlaid as is_back,
        uncounted_nights + skipped_nights + case when is_counted and not is_delayed then 0 else 1 end as uncounted_nights_tonight,
        -- if several nights did not count, the last one decides whom they are attributed to
        not is_counted and not is_maintenance and not is_any_distrusted and skipped_nights <= 0 as is_suspended_tonight
    from compared

),

judged as (

    select
        *,
        case
            when is_void or not is_delivered then null
            when not is_open then 'ACCOUNT_CLOSED'
            when policy_version_tonight <> policy_version then 'NEW_POLICY'
            when is_behind and has_failed_order then 'ORDER_NOT_APPLIED'
            when is_behind and is_changed_by_core then 'CORE_CHANGED_LIMIT'
            when is_behind then 'NOT_ORDERED'
            when is_back and is_uncut and has_failed_order then 'ORDER_NOT_APPLIED'
            when is_back and is_uncut then 'NOT_ORDERED'
            when is_overdue and is_decided_before then 'ORDER_NOT_APPLIED'
            when is_score_too_low and is_any_distrusted then 'SOURCE_LATE'
            when is_score_too_low then 'EVIDENCE'
            when uncounted_nights_tonight > recourse_slack_nights and is_suspended_tonight then 'EVIDENCE_SUSPENDED'
            when uncounted_nights_tonight > recourse_slack_nights then 'NIGHTS_LOST'
            when is_use_too_high then 'USE_OF_LIMIT'
            -- a distrusted source may be the cause; if it is so on the promised day, the reason is the late source
            when is_raise_forbidden and not is_any_distrusted then 'RAISE_FORBIDDEN'
            when is_raise_forbidden and is_due then 'SOURCE_LATE'
            when is_own_maximum_too_low then 'OWN_MAXIMUM'
            when is_bound_too_low then 'BOUND'
        end as judged_reason
    from reached

),

attributed as (

    select
        *,
        case
            when judged_reason in ('ACCOUNT_CLOSED', 'NEW_POLICY', 'CORE_CHANGED_LIMIT', 'ORDER_NOT_APPLIED', 'NOT_ORDERED')
                then judged_reason
            when is_person_changed and is_delivered and (judged_reason is not null or is_due) then 'PERSON_CHANGED'
            else judged_reason
        end as void_reason
    from judged

),

ended as (

    select
        *,
        case
            when is_void or is_at_rest then 'OPEN'
            when is_decided_before and is_core_back and not is_uncut then 'KEPT'
            -- the order that brings the limit back is to be applied by the day
            when is_back and not is_uncut and is_open and not is_overdue then 'OPEN'
            when void_reason is not null then 'VOIDED'
            when is_due and (not is_delivered or uncounted_nights_tonight > 0) then 'VOIDED'
            when is_due then 'MISSED'
            else 'OPEN'
        end as status
    from attributed

)

select
    account_key,
    customer_key,
    business_date,
    promised_date,
    policy_version,
    act_by_date,
    arrears_minor,
    stops_applying,
    clears_related,
    pays_past_due,
    pays_on_time,
    gives_consent,
    updates_income,
    first_raised_on_date,
    first_raised_minor,
    restores_to_minor,
    restores_on_date,
    raises_from_date,
    utilisation_below_bp,
    case when is_void or is_at_rest then uncounted_nights else uncounted_nights_tonight end as uncounted_nights,
    is_person_changed,
    status,
    case when status = 'VOIDED' then coalesce(void_reason, case when is_delivered then 'NIGHTS_LOST' else 'NOT_DELIVERED' end)
        end as void_reason,
    case
        when status <> 'VOIDED' then null
        when void_reason in ('CORE_CHANGED_LIMIT', 'ORDER_NOT_APPLIED') or not is_delivered then 'CORE'
        when void_reason in ('NEW_POLICY', 'NOT_ORDERED', 'SOURCE_LATE', 'BOUND', 'NIGHTS_LOST', 'PERSON_CHANGED')
            or void_reason is null then 'HOUSE'
        else 'CUSTOMER'
    end as voided_by
from ended
