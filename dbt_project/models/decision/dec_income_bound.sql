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
        -- an account without a multiple, or of a customer without an income, is neither bound nor counted
        not accounts.is_held and bounds.income_multiple_bp is not null
        and coalesce(max(accounts.income_monthly_minor) over customer > 0, false) as has_income_bound,
        {{ int_div(
            'max(accounts.income_monthly_minor) over customer'
            ~ ' * max(case when not accounts.is_held then bounds.income_multiple_bp end) over customer', '10000'
        ) }} as income_minor
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join bounds
        on accounts.account_key = bounds.account_key and accounts.policy_version = bounds.policy_version
    left join budgets
        on accounts.account_key = budgets.account_key and accounts.policy_version = budgets.policy_version
    window customer as (partition by accounts.customer_key, accounts.policy_version)

),

restated as (

    select
        *,
        -- what is given back is no raise: no budget and no rule against raises stands in its way
        greatest(budgeted_minor, coalesce(returned_minor, budgeted_minor)) as restated_minor
    from budgeted

),

units as (

    select
        *,
        {{ round_down('income_minor', 'rounding_minor') }} as income_bound_minor,
        {{ round_down('restated_minor', 'rounding_minor') }} as restated_units_minor,
        sum(restated_minor) over (partition by customer_key, policy_version, has_income_bound) as customer_restated_minor
    from restated

),

shared as (

    select
        *,
        sum(restated_units_minor) over sharers as customer_units_minor,
        sum(restated_units_minor) over sharers_so_far as units_so_far_minor
    from units
    window
        sharers as (partition by customer_key, policy_version, has_income_bound),
        sharers_so_far as (
            partition by customer_key, policy_version, has_income_bound
            order by account_key rows between unbounded preceding and current row
        )

)

select
    account_key,
    policy_version,
    is_budget_spent,
    budgeted_minor,
    restated_limit_minor,
    restated_minor,
    case when has_income_bound then income_bound_minor end as customer_income_bound_minor,
    case
        when has_income_bound and customer_restated_minor > income_bound_minor
            then
                least(
                    restated_minor,
                    greatest(
                        {{ share_out(
                            'income_bound_minor', 'restated_units_minor', 'rounding_minor', 'customer_units_minor',
                            'units_so_far_minor'
                        ) }},
                        floor_minor
                    )
                )
        else restated_minor
    end as bounded_minor
from shared
