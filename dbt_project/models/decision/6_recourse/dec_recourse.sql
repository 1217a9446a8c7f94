-- Grain: one row an account to be answered tonight that can come back: the fewest actions with which its limit comes
-- back as far as it can, and the latest day on which it is back. The limit moves the day after a night.

{{ config(materialized='table') }}

with

parameters as (

    select * from {{ ref('stg_feature_parameter') }}

),

accounts as (

    select * from {{ ref('dec_recourse_account') }}

),

slots as (

    select * from {{ ref('dec_recourse_slot') }}

),

climbs as (

    select * from {{ ref('dec_recourse_climb') }}

),

features as (

    select * from {{ ref('dec_recourse_feature') }}
    where not is_at_rest

),

cures as (

    select * from {{ ref('dec_recourse_cure') }}

),

steps as (

    select
        climbs.account_key,
        climbs.stops_applying,
        climbs.clears_related,
        climbs.reached_minor,
        slots.raises_from_date,
        slots.utilisation_below_bp,
        {{ add_days('slots.raise_date', 1) }} as raised_on_date,
        accounts.customer_key,
        accounts.policy_version,
        accounts.start_minor,
        max(climbs.reached_minor) over (
            partition by climbs.account_key, climbs.stops_applying, climbs.clears_related
        ) as max_minor,
        max(climbs.reached_minor) over (partition by climbs.account_key) as max_of_all_minor,
        parameters.recourse_near_share_bp
    from climbs
    cross join parameters
    inner join accounts on climbs.account_key = accounts.account_key
    inner join slots
        on
            climbs.account_key = slots.account_key
            and climbs.stops_applying = slots.stops_applying
            and climbs.clears_related = slots.clears_related
            and climbs.raise_number = slots.raise_number

),

-- the limit is back with the first raise after which next to nothing is left to come, and which is above the start
near as (

    select
        *,
        row_number() over (
            partition by account_key
            order by
                case when stops_applying then 1 else 0 end + case when clears_related then 1 else 0 end,
                raised_on_date, reached_minor, stops_applying
        ) as preference
    from steps
    where
        reached_minor > start_minor
        and max_minor = max_of_all_minor
        and reached_minor * 10000 >= max_minor * recourse_near_share_bp

),

chosen as (

    select * from near
    where preference = 1

),

first_raises as (

    select
        chosen.account_key,
        min(steps.raised_on_date) as first_raised_on_date,
        min(steps.reached_minor) as first_raised_minor
    from chosen
    inner join steps
        on
            chosen.account_key = steps.account_key
            and chosen.stops_applying = steps.stops_applying
            and chosen.clears_related = steps.clears_related
            and steps.reached_minor > chosen.start_minor
    group by chosen.account_key

),

needed as (

    select
        chosen.account_key,
        coalesce(bool_or(features.action = 'PAY_ON_TIME'), false) as has_late_instalments
    from chosen
    left join features
        on chosen.customer_key = features.customer_key and chosen.policy_version = features.policy_version
    group by chosen.account_key

)

select
    accounts.account_key,
    accounts.customer_key,
    accounts.policy_version,
    accounts.business_date,
    accounts.start_minor,
    accounts.arrears_minor,
    accounts.act_by_date,
    chosen.raises_from_date,
    chosen.utilisation_below_bp,
    chosen.stops_applying,
    chosen.clears_related,
    accounts.is_past_due as pays_past_due,
    needed.has_late_instalments or coalesce(cures.is_waiting_for_instalments, false) as pays_on_time,
    accounts.is_consent_asked as gives_consent,
    coalesce(accounts.income_until_date < chosen.raised_on_date, false) as updates_income,
    first_raises.first_raised_on_date,
    first_raises.first_raised_minor,
    chosen.reached_minor as restores_to_minor,
    chosen.raised_on_date as restores_on_date
from accounts
inner join chosen on accounts.account_key = chosen.account_key
inner join first_raises on accounts.account_key = first_raises.account_key
inner join needed on accounts.account_key = needed.account_key
left join cures
    on
        accounts.customer_key = cures.customer_key
        and accounts.policy_version = cures.policy_version
        and chosen.stops_applying = cures.stops_applying
        and chosen.clears_related = cures.clears_related
