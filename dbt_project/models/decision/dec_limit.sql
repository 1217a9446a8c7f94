-- Grain: one row an account of tonight's snapshot: the limit, and what it means for the customer.
-- limit = min(regulatory cap, round(max(floor, min(strategy, bounds)))), composed of least() and greatest() only.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

bounds as (

    select * from {{ ref('dec_bound') }}

),

rounded as (

    select * from {{ ref('dec_rounding') }}

),

caps as (

    select * from {{ ref('dec_regulatory_cap') }}

),

strategies as (

    select * from {{ ref('dec_strategy') }}

),

composed as (

    select
        accounts.account_key,
        least(rounded.balanced_minor, coalesce(caps.share_minor, rounded.balanced_minor)) as recommended_minor,
        least(rounded.grantable_minor, coalesce(caps.share_minor, rounded.grantable_minor)) as grantable_minor,
        coalesce(caps.share_minor < rounded.balanced_minor, false) as is_capped,
        caps.rule_id as cap_rule_id,
        caps.cap_minor,
        rounded.is_held,
        rounded.floored_minor,
        rounded.rounded_minor,
        rounded.balanced_minor
    from accounts
    inner join rounded on accounts.account_key = rounded.account_key
    left join caps on accounts.account_key = caps.account_key

)

select
    accounts.business_date,
    accounts.account_key,
    accounts.customer_key,
    accounts.product_code,
    accounts.legal_entity_code,
    accounts.purpose_code,
    accounts.channel_code,
    accounts.slice_code,
    accounts.policy_version,
    strategies.score,
    strategies.band,
    strategies.pd_bp,
    -- expected loss = PD x LGD x (balance + CCF x undrawn), all in integers
    {{ int_div(
        'strategies.pd_bp * packs.lgd_bp * (greatest(accounts.principal_minor, 0) + '
        ~ int_div('packs.ccf_bp * greatest(composed.recommended_minor - accounts.principal_minor, 0)', '10000') ~ ')',
        '10000 * 10000'
    ) }} as expected_loss_minor,
    accounts.reference_limit_minor,
    strategies.target_minor,
    strategies.strategy_minor,
    bounds.tier_bound_minor,
    bounds.income_bound_minor,
    bounds.bounded_minor,
    composed.floored_minor,
    composed.rounded_minor,
    composed.balanced_minor,
    composed.cap_rule_id,
    composed.cap_minor,
    composed.is_capped,
    composed.is_held,
    accounts.limit_minor as old_limit_minor,
    composed.recommended_minor,
    case
        when composed.recommended_minor > accounts.limit_minor then 'UP'
        when composed.recommended_minor < accounts.limit_minor then 'DOWN'
        else 'HOLD'
    end as action,
    case
        when not accounts.is_open then accounts.status_display_state
        when composed.is_capped then 'REG_CAPPED'
        when composed.is_held or composed.recommended_minor >= accounts.reference_limit_minor then 'NORMAL'
        when composed.recommended_minor <= packs.floor_minor then 'FLOORED'
        else 'REDUCED'
    end as display_state,
    case
        when accounts.is_drawable then greatest(composed.recommended_minor - accounts.principal_minor, 0)
        else 0
    end as drawable_minor,
    bounds.min_draw_minor,
    case
        when composed.is_held then composed.recommended_minor
        else greatest(composed.grantable_minor, composed.recommended_minor)
    end as max_grantable_minor
from accounts
inner join composed on accounts.account_key = composed.account_key
inner join packs on accounts.policy_version = packs.policy_version
inner join bounds on accounts.account_key = bounds.account_key
inner join strategies on accounts.account_key = strategies.account_key
