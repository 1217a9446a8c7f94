-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_budgeted_limit with the income bound.
-- The income binds the customer's accounts of the pack together. The bound is shared out over the limits that are left
-- after the budget, so that a raise that must wait takes no share. A customer's only account has all of it.

with

budgeted as (

    select * from {{ ref('dec_budgeted_limit') }}

),

totals as (

    select * from {{ ref('dec_income_total') }}

),

bound as (

    select
        budgeted.*,
        case
            when not budgeted.keeps_limit and budgeted.income_multiple_bp is not null and budgeted.customer_income_monthly_minor > 0
                then
                    {{ round_down(
                        int_div(
                            'budgeted.customer_income_monthly_minor * coalesce(totals.customer_multiple_bp, budgeted.income_multiple_bp)',
                            '10000'
                        ),
                        'budgeted.rounding_minor'
                    ) }}
        end as customer_income_bound_minor,
        {{ round_down('budgeted.restated_minor', 'budgeted.rounding_minor') }} as restated_units_minor,
        totals.restated_minor as customer_restated_minor,
        totals.units_minor as customer_units_minor,
        totals.units_so_far_minor
    from budgeted
    left join totals on budgeted.decision_key = totals.decision_key

)

select
    *,
    case
        when coalesce(customer_restated_minor, restated_minor) > customer_income_bound_minor
            then
                least(
                    restated_minor,
                    greatest(
                        {{ share_out(
                            'customer_income_bound_minor',
                            'restated_units_minor',
                            'rounding_minor',
                            'coalesce(customer_units_minor, restated_units_minor)',
                            'coalesce(units_so_far_minor, restated_units_minor)'
                        ) }},
                        floor_minor
                    )
                )
        else restated_minor
    end as bounded_minor
from bound
