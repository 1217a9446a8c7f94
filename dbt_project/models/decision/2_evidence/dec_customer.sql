-- Grain: one row a customer and policy pack: everything that is decided about the customer alone. It is the row of
-- dec_confirmation with the multiplier of the reference limit for the confirmed score and for tonight's score.

{{ config(materialized='table') }}

with

confirmations as (

    select * from {{ ref('dec_confirmation') }}

),

bands as (

    select * from {{ ref('stg_policy_band') }}

),

cells as (

    select * from {{ ref('dec_strategy_cell') }}

),

customers as (

    select
        *,
        coalesce(f06_util_bp, 0) as utilisation_bp
    from confirmations

)

select
    customers.customer_decision_key,
    customers.customer_key,
    customers.policy_version,
    customers.pack,
    customers.pack_number,
    customers.account_count,
    customers.limit_minor,
    customers.reference_limit_minor,
    customers.principal_minor,
    customers.arrears_minor,
    customers.income_monthly_minor,
    customers.is_at_rest,
    customers.is_new_customer,
    customers.is_new_to_pack,
    customers.is_first_night_of_pack,
    customers.is_maintenance,
    customers.is_counted,
    customers.is_reference_night,
    customers.confirmed_reference_limit_minor,
    customers.point_sum,
    customers.score,
    customers.band,
    customers.pd_bp,
    customers.smoothed_milli,
    customers.confirmed_milli,
    customers.utilisation_bp,
    customers.f01_dpd_now,
    customers.f02_dpd_max_30d,
    customers.f41_related_dpd_30d,
    {{ multiplier_bp('customers.score_milli', 'own_cells') }} as own_multiplier_bp,
    {{ multiplier_bp('customers.confirmed_milli', 'confirmed_cells') }} as confirmed_multiplier_bp,
    bands.cut_step_bp
from customers
inner join cells as own_cells
    on
        customers.pack_number = own_cells.pack_number
        and customers.score_milli >= own_cells.lower_milli
        and customers.score_milli < own_cells.upper_milli
        and customers.utilisation_bp >= own_cells.lower_utilisation_bp
        and customers.utilisation_bp < own_cells.upper_utilisation_bp
left join cells as confirmed_cells
    on
        customers.pack_number = confirmed_cells.pack_number
        and customers.confirmed_milli >= confirmed_cells.lower_milli
        and customers.confirmed_milli < confirmed_cells.upper_milli
        and customers.utilisation_bp >= confirmed_cells.lower_utilisation_bp
        and customers.utilisation_bp < confirmed_cells.upper_utilisation_bp
left join bands on confirmed_cells.policy_version = bands.policy_version and confirmed_cells.band = bands.band
