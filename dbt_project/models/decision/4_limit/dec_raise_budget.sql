-- Grain: one row an account of tonight's snapshot and policy pack whose raise must wait for the raise budget. The
-- budget is spent in the order of the scores, then of the keys. It can delay a raise, and never cuts a limit.

{{ config(materialized='table') }}

with

bounds as (

    select * from {{ ref('dec_bound') }}
    where nightly_budget_minor is not null

),

overlays as (

    select * from {{ ref('dec_overlay') }}

),

raises as (

    select
        bounds.decision_key,
        bounds.nightly_budget_minor,
        sum(bounds.permitted_minor - bounds.limit_minor) over (
            partition by bounds.pack_number, bounds.is_assigned
            order by bounds.score desc, bounds.customer_key, bounds.account_key
            rows between unbounded preceding and current row
        ) as spent_minor
    from bounds
    left join overlays on bounds.decision_key = overlays.decision_key
    where
        overlays.decision_key is null
        and bounds.permitted_minor > bounds.limit_minor
        and not (bounds.is_overridden or bounds.is_restored)
        and not bounds.keeps_limit

)

select decision_key
from raises
where spent_minor > nightly_budget_minor
