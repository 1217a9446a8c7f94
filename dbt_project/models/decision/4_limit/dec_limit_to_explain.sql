-- Grain: one row an account of tonight's snapshot and policy pack whose decision needs an explanation. These are the
-- rows of dec_decided_limit with a limit that moves, or that would move without a bound, a protection, an overlay or a
-- wait.

{{ config(materialized='table') }}

with

limits as (

    select * from {{ ref('dec_decided_limit') }}

)

select * from limits
where
    decided_minor <> limit_minor
    or has_overlay
    or is_capped
    or is_overridden
    or is_budget_spent
    or reference_limit_minor = 0
    or protection_code is not null
    or requested_minor < balanced_minor
    or maximised_minor < requested_minor
    or trigger_bound_minor is not null
    or is_draw_blocked
    or carried_pending_minor is not null
