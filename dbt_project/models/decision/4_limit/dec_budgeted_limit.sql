-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_bound with the value after the raise budget, and
-- with what a restatement gives back.

with

bounds as (

    select * from {{ ref('dec_bound') }}

),

waiting as (

    select * from {{ ref('dec_raise_budget') }}

),

budgeted as (

    select
        bounds.*,
        waiting.decision_key is not null as is_budget_spent,
        case
            when waiting.decision_key is not null then least(bounds.permitted_minor, bounds.limit_minor)
            else bounds.permitted_minor
        end as budgeted_minor
    from bounds
    left join waiting on bounds.decision_key = waiting.decision_key

)

select
    *,
    -- to give a limit back is not a raise, so neither the budget nor a rule against raises stops it
    greatest(budgeted_minor, coalesce(given_back_minor, budgeted_minor)) as restated_minor
from budgeted
