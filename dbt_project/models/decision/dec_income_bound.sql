-- Grain: one row an account of tonight's snapshot and policy pack: the value after the raise budget, what a restatement
-- gives back, and the income bound.
-- The income binds the customer's accounts of the pack together. It is shared out over what the budget left, so that a
-- raise that has to wait takes no share of it.

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

budgets as (

    select * from {{ ref('dec_raise_budget') }}

),

budgeted as (

    select
        accounts.account_key,
        accounts.customer_key,
        accounts.policy_version,
        packs.rounding_minor,
        packs.floor_minor,
        budgets.account_key is not null as is_budget_spent,
        bounds.restated_limit_minor,
        bounds.returned_minor,
        case
            when budgets.account_key is not null then least(bounds.permitted_minor, accounts.limit_minor)
            else bounds.permitted_minor
        end as budgeted_minor,
        accounts.is_held,
        accounts.income_monthly_minor,
        bounds.income_multiple_bp
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join bounds
        on accounts.account_key = bounds.account_key and accounts.policy_version = bounds.policy_version
    left join budgets
        on accounts.account_key = budgets.account_key and accounts.policy_version = budgets.policy_version

),

customers as (

    select
        customer_key,
        policy_version,
        max(income_monthly_minor) as income_monthly_minor,
        max(case when not is_held then income_multiple_bp end) as income_multiple_bp
    from budgeted
    group by customer_key, policy_version

),

restated as (

    select
        budgeted.*,
        -- an account without a multiple, or of a customer without an income, is neither bound nor counted
        not budgeted.is_held and budgeted.income_multiple_bp is not null and coalesce(customers.income_monthly_minor > 0, false)
            as has_income_bound,
        {{ round_down(
            int_div('customers.income_monthly_minor * customers.income_multiple_bp', '10000'), 'budgeted.rounding_minor'
        ) }} as income_bound_minor,
        -- what is given back is no raise: no budget and no rule against raises stands in its way
        greatest(budgeted.budgeted_minor, coalesce(budgeted.returned_minor, budgeted.budgeted_minor)) as restated_minor
    from budgeted
    inner join customers
        on budgeted.customer_key = customers.customer_key and budgeted.policy_version = customers.policy_version

),

totals as (

    select
        customer_key,
        policy_version,
        sum(restated_minor) as restated_minor,
        sum({{ round_down('restated_minor', 'rounding_minor') }}) as units_minor
    from restated
    where has_income_bound
    group by customer_key, policy_version

),

exceeding as (

    select
        restated.*,
        {{ round_down('restated.restated_minor', 'restated.rounding_minor') }} as restated_units_minor,
        totals.units_minor as customer_units_minor
    from restated
    inner join totals on restated.customer_key = totals.customer_key and restated.policy_version = totals.policy_version
    where restated.has_income_bound and totals.restated_minor > restated.income_bound_minor

),

shared as (

    select
        *,
        sum(restated_units_minor) over (
            partition by customer_key, policy_version
            order by account_key rows between unbounded preceding and current row
        ) as units_so_far_minor
    from exceeding

),

divided as (

    select
        account_key,
        policy_version,
        greatest(
            {{ share_out(
                'income_bound_minor', 'restated_units_minor', 'rounding_minor', 'customer_units_minor', 'units_so_far_minor'
            ) }},
            floor_minor
        ) as share_minor
    from shared

)

select
    restated.account_key,
    restated.policy_version,
    restated.is_budget_spent,
    restated.budgeted_minor,
    restated.restated_limit_minor,
    restated.restated_minor,
    case when restated.has_income_bound then restated.income_bound_minor end as customer_income_bound_minor,
    least(restated.restated_minor, coalesce(divided.share_minor, restated.restated_minor)) as bounded_minor
from restated
left join divided on restated.account_key = divided.account_key and restated.policy_version = divided.policy_version
