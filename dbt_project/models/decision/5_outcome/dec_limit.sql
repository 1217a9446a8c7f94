-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_recommendation, and what the limit means for the
-- customer.

with

limits as (

    select * from {{ ref('dec_recommendation') }}

),

totals as (

    select * from {{ ref('dec_recommended_total') }}

)

select
    limits.*,
    -- expected loss = PD x LGD x (balance + CCF x undrawn), all in integers
    {{ share_of(
        '(limits.pd_bp * limits.lgd_bp)',
        '(greatest(limits.principal_minor, 0) + '
        ~ int_div('limits.ccf_bp * greatest(limits.recommended_minor - limits.principal_minor, 0)', '10000') ~ ')',
        '(10000 * 10000)'
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
        when not limits.is_open then 'CLOSED'
        when limits.is_overlaid then 'FROZEN_SECURITY'
        when
            (limits.is_void or limits.is_maintenance)
            and limits.recommended_minor = limits.limit_minor
            and limits.limit_minor > limits.floor_minor
            then 'MAINTENANCE'
        when limits.is_capped then 'REG_CAPPED'
        when limits.recommended_minor >= limits.reference_limit_minor then 'NORMAL'
        -- a credit decision leaves at least the floor; a limit of zero is what the customer asked for
        when limits.recommended_minor <= limits.floor_minor and (limits.recommended_minor > 0 or limits.floor_minor = 0)
            then 'FLOORED'
        else 'REDUCED'
    end as display_state,
    case
        when limits.is_drawable and not limits.is_overlaid and not limits.is_draw_blocked
            then greatest(limits.recommended_minor - limits.principal_minor, 0)
        else 0
    end as drawable_minor,
    case
        when limits.keeps_limit or limits.has_overlay or limits.is_raise_forbidden then limits.recommended_minor
        else
            greatest(
                limits.recommended_minor,
                {{ round_down(
                    "least("
                    ~ "greatest(coalesce(limits.target_minor, limits.strategy_minor), limits.strategy_minor), "
                    ~ "coalesce(limits.tier_bound_minor, " ~ highest_value() ~ "), "
                    ~ "coalesce(limits.customer_income_bound_minor - (coalesce(totals.income_recommended_minor, limits.recommended_minor)"
                    ~ " - limits.recommended_minor), " ~ highest_value() ~ "), "
                    ~ "coalesce(limits.trigger_bound_minor, " ~ highest_value() ~ "), "
                    ~ "coalesce(limits.own_maximum_minor, " ~ highest_value() ~ "), "
                    ~ "coalesce(limits.customer_maximum_minor - (totals.maximum_recommended_minor - limits.recommended_minor), "
                    ~ highest_value() ~ "), "
                    ~ "coalesce(limits.cap_room_minor, " ~ highest_value() ~ "))",
                    'limits.rounding_minor'
                ) }}
            )
    end as max_grantable_minor
from limits
left join totals on limits.decision_key = totals.decision_key
