-- Grain: one row an account of tonight's snapshot and policy pack: the limit, and what it means for the customer.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

decided as (

    select * from {{ ref('dec_decided_limit') }}

),

pendings as (

    select * from {{ ref('dec_pending') }}

),

scores as (

    select * from {{ ref('dec_score') }}

),

confirmations as (

    select * from {{ ref('dec_confirmation') }}

),

night as (

    select * from {{ ref('stg_night') }}

),

limits as (

    select
        decided.*,
        coalesce(pendings.is_pending, false) as is_pending,
        case when pendings.is_pending then pendings.pending_minor end as pending_minor,
        case when pendings.is_pending then pendings.pending_since_date end as pending_since_date,
        case when pendings.is_pending then pendings.pending_effective_date end as pending_effective_date,
        coalesce(pendings.movement = 'ACT', false) as is_pending_over,
        coalesce(pendings.limit_minor, decided.decided_minor) as recommended_minor
    from decided
    left join pendings
        on decided.account_key = pendings.account_key and decided.policy_version = pendings.policy_version

),

-- what the customer has together, under the bound of the income and under the customer's own maximum
income_totals as (

    select
        customer_key,
        policy_version,
        sum(recommended_minor) as recommended_minor
    from limits
    where customer_income_bound_minor is not null
    group by customer_key, policy_version

),

maximum_totals as (

    select
        limits.customer_key,
        accounts.is_assigned,
        limits.is_held,
        sum(limits.recommended_minor) as recommended_minor
    from limits
    inner join accounts
        on limits.account_key = accounts.account_key and limits.policy_version = accounts.policy_version
    where limits.customer_maximum_minor is not null
    group by limits.customer_key, accounts.is_assigned, limits.is_held

)

select
    limits.*,
    accounts.pack,
    accounts.is_assigned,
    accounts.product_code,
    accounts.legal_entity_code,
    accounts.purpose_code,
    accounts.channel_code,
    accounts.slice_code,
    scores.score,
    confirmations.confirmed_milli,
    scores.band,
    scores.pd_bp,
    -- expected loss = PD x LGD x (balance + CCF x undrawn), all in integers
    {{ int_div(
        as_wide('scores.pd_bp * packs.lgd_bp') ~ ' * (greatest(accounts.principal_minor, 0) + '
        ~ int_div('packs.ccf_bp * greatest(limits.recommended_minor - accounts.principal_minor, 0)', '10000') ~ ')',
        '10000 * 10000'
    ) }} as expected_loss_minor,
    coalesce(
        limits.overlay_action,
        case
            when limits.recommended_minor > limits.limit_minor then 'UP'
            when limits.recommended_minor < limits.limit_minor then 'DOWN'
            else 'HOLD'
        end
    ) as action,
    case
        when not accounts.is_open then 'CLOSED'
        when limits.is_overlaid then 'FROZEN_SECURITY'
        when
            (night.is_void or confirmations.is_maintenance)
            and limits.recommended_minor = limits.limit_minor
            and limits.limit_minor > packs.floor_minor
            then 'MAINTENANCE'
        when limits.is_capped then 'REG_CAPPED'
        when limits.recommended_minor >= limits.reference_limit_minor then 'NORMAL'
        -- the floor is what a credit outcome leaves: nothing at all is what the customer asked for
        when limits.recommended_minor <= packs.floor_minor and (limits.recommended_minor > 0 or packs.floor_minor = 0)
            then 'FLOORED'
        else 'REDUCED'
    end as display_state,
    case
        when accounts.is_drawable and not limits.is_overlaid and not limits.is_draw_blocked
            then greatest(limits.recommended_minor - accounts.principal_minor, 0)
        else 0
    end as drawable_minor,
    case
        when limits.is_held or limits.overlay_code is not null or limits.is_raise_forbidden then limits.recommended_minor
        else
            greatest(
                limits.recommended_minor,
                {{ round_down(
                    "least("
                    ~ "greatest(coalesce(limits.target_minor, limits.strategy_minor), limits.strategy_minor), "
                    ~ "coalesce(limits.tier_bound_minor, " ~ highest_value() ~ "), "
                    ~ "coalesce(limits.customer_income_bound_minor - (income_totals.recommended_minor - limits.recommended_minor), "
                    ~ highest_value() ~ "), "
                    ~ "coalesce(limits.trigger_bound_minor, " ~ highest_value() ~ "), "
                    ~ "coalesce(limits.own_maximum_minor, " ~ highest_value() ~ "), "
                    ~ "coalesce(limits.customer_maximum_minor - (maximum_totals.recommended_minor - limits.recommended_minor), "
                    ~ highest_value() ~ "), "
                    ~ "coalesce(limits.cap_room_minor, " ~ highest_value() ~ "))",
                    'packs.rounding_minor'
                ) }}
            )
    end as max_grantable_minor
from limits
cross join night
inner join accounts
    on limits.account_key = accounts.account_key and limits.policy_version = accounts.policy_version
inner join packs on limits.policy_version = packs.policy_version
inner join scores
    on limits.customer_key = scores.customer_key and limits.policy_version = scores.policy_version
inner join confirmations
    on limits.customer_key = confirmations.customer_key and limits.policy_version = confirmations.policy_version
left join income_totals
    on limits.customer_key = income_totals.customer_key and limits.policy_version = income_totals.policy_version
left join maximum_totals
    on
        limits.customer_key = maximum_totals.customer_key
        and accounts.is_assigned = maximum_totals.is_assigned
        and limits.is_held = maximum_totals.is_held
