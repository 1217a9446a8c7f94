-- Grain: one row an account of tonight's snapshot and policy pack that decides it: what the account brings to its
-- decision. The account is described by the snapshot, by the limit to go on from (`limit_minor`) and by what the night
-- before handed on (`carried_...`). Only the decision of the customer's assigned pack is released. If no champion's row
-- matches an account, its policy_version stays null, and assert_every_account_has_a_decision refuses the night.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

snapshots as (

    select * from {{ ref('stg_account_snapshot') }}

),

pack_choices as (

    select * from {{ ref('dec_pack_choice') }}

),

statuses as (

    select * from {{ ref('account_status') }}

),

reference_limits as (

    select * from {{ ref('ftr_reference_limit') }}

),

carried as (

    select * from {{ ref('stg_account_state') }}

),

ordered_limits as (

    select * from {{ ref('dec_ordered_limit') }}

),

customers_at_rest as (

    select * from {{ ref('dec_customer_at_rest') }}

),

tonight as (

    select
        snapshots.*,
        night.is_void,
        statuses.is_open,
        statuses.is_drawable,
        reference_limits.reference_limit_minor as known_reference_limit_minor,
        carried.limit_minor as carried_limit_minor,
        carried.core_limit_minor as carried_core_limit_minor,
        carried.change_minor as carried_change_minor,
        carried.pending_minor as carried_pending_minor,
        carried.pending_since_date as carried_pending_since_date,
        carried.pending_effective_date as carried_pending_effective_date,
        coalesce(carried.is_overlaid, false) as was_overlaid,
        case when not night.is_void then ordered_limits.limit_minor end as ordered_limit_minor,
        case when not night.is_void then ordered_limits.highest_ordered_minor end as highest_ordered_minor,
        case when not night.is_void then ordered_limits.highest_applied_minor end as highest_applied_minor,
        not night.is_void and coalesce(ordered_limits.has_order_in_flight, false) as has_order_in_flight,
        coalesce(ordered_limits.is_open, false) as has_open_order,
        coalesce(ordered_limits.is_ordered, false) as is_ordered,
        customers_at_rest.customer_key is not null as is_at_rest
    from snapshots
    inner join night on snapshots.business_date = night.business_date
    inner join statuses on snapshots.status = statuses.status
    inner join reference_limits on snapshots.account_key = reference_limits.account_key
    left join carried on snapshots.account_key = carried.account_key
    left join ordered_limits on snapshots.account_key = ordered_limits.account_key
    left join customers_at_rest on snapshots.customer_key = customers_at_rest.customer_key

),

limited as (

    select
        *,
        coalesce(ordered_limit_minor, limit_minor) as followed_limit_minor,
        -- a core's limit of zero ends the line, unless a decision of ours made it zero
        coalesce(ordered_limit_minor, limit_minor) = 0 and carried_change_minor is distinct from 0 as is_line_ended
    from tonight

)

select
    {{ decision_key('limited.account_key', 'pack_choices.pack_number') }} as decision_key,
    {{ decision_key('limited.customer_key', 'pack_choices.pack_number') }} as customer_decision_key,
    limited.business_date,
    limited.is_void,
    limited.account_key,
    limited.customer_key,
    limited.product_code,
    limited.legal_entity_code,
    limited.legal_entity_code || '/' || limited.product_code as slice_code,
    limited.purpose_code,
    limited.channel_code,
    limited.currency_code,
    limited.status,
    limited.is_open,
    limited.is_drawable,
    limited.opened_date,
    limited.followed_limit_minor as limit_minor,
    limited.limit_minor as core_limit_minor,
    limited.highest_applied_minor,
    limited.has_order_in_flight and limited.followed_limit_minor <> limited.limit_minor as is_in_flight,
    not limited.is_void
    and coalesce(
        limited.limit_minor <> limited.carried_limit_minor
        and not (limited.limit_minor = limited.carried_core_limit_minor and limited.has_open_order)
        and not limited.is_ordered,
        false
    ) as is_external_change,
    limited.principal_minor,
    limited.accrued_interest_minor,
    limited.arrears_minor,
    limited.days_past_due,
    limited.income_monthly_minor,
    limited.income_as_of_date,
    limited.raise_consent_code,
    limited.line_end_date,
    limited.forbearance_date,
    limited.risk_class as delivered_risk_class,
    case
        when limited.is_line_ended then 0
        else
            greatest(
                limited.known_reference_limit_minor,
                limited.followed_limit_minor,
                coalesce(limited.highest_ordered_minor, 0)
            )
    end as reference_limit_minor,
    -- a raise that the core never applies has no effect here; one that it says it applied counts
    greatest(limited.known_reference_limit_minor, coalesce(limited.highest_applied_minor, 0))
        as granted_reference_limit_minor,
    not limited.is_open
    or limited.known_reference_limit_minor = 0
    or limited.is_line_ended
    or limited.is_void
    or limited.is_at_rest as keeps_limit,
    limited.is_at_rest,
    limited.carried_limit_minor,
    limited.carried_pending_minor,
    limited.carried_pending_since_date,
    limited.carried_pending_effective_date,
    limited.was_overlaid,
    pack_choices.policy_version,
    pack_choices.pack_number,
    pack_choices.pack,
    case
        when pack_choices.challenger_pack is null then true
        else
            (
                {{ hash_bucket(as_text('limited.customer_key') ~ " || '|' || pack_choices.challenger_pack") }}
                < pack_choices.challenger_share_bp
            ) = (pack_choices.role = 'challenger')
    end as is_assigned
from limited
left join pack_choices
    on limited.legal_entity_code = pack_choices.legal_entity_code and limited.product_code = pack_choices.product_code
