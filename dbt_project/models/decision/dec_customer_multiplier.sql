-- Grain: one row a customer and policy pack: the multiplier of the reference limit by the confirmed score and by tonight's.

{{ config(materialized='table') }}

with

scores as (

    select * from {{ ref('dec_score') }}

),

confirmations as (

    select * from {{ ref('dec_confirmation') }}

),

features as (

    select * from {{ ref('dec_believed_feature') }}

),

bands as (

    select * from {{ ref('stg_policy_band') }}

),

cells as (

    select * from {{ ref('dec_strategy_cell') }}

),

customers as (

    select
        scores.customer_key,
        scores.policy_version,
        confirmations.score_milli,
        confirmations.confirmed_milli,
        coalesce(features.f06_util_bp, 0) as utilisation_bp
    from scores
    inner join confirmations
        on scores.customer_key = confirmations.customer_key and scores.policy_version = confirmations.policy_version
    inner join features on scores.customer_key = features.customer_key

)

select
    customers.customer_key,
    customers.policy_version,
    customers.utilisation_bp,
    {{ multiplier_bp('customers.score_milli', 'own_cells') }} as own_multiplier_bp,
    {{ multiplier_bp('customers.confirmed_milli', 'confirmed_cells') }} as confirmed_multiplier_bp,
    bands.cut_step_bp
from customers
inner join cells as own_cells
    on
        customers.policy_version = own_cells.policy_version
        and customers.score_milli >= own_cells.lower_milli
        and customers.score_milli < own_cells.upper_milli
        and customers.utilisation_bp >= own_cells.lower_utilisation_bp
        and customers.utilisation_bp < own_cells.upper_utilisation_bp
left join cells as confirmed_cells
    on
        customers.policy_version = confirmed_cells.policy_version
        and customers.confirmed_milli >= confirmed_cells.lower_milli
        and customers.confirmed_milli < confirmed_cells.upper_milli
        and customers.utilisation_bp >= confirmed_cells.lower_utilisation_bp
        and customers.utilisation_bp < confirmed_cells.upper_utilisation_bp
left join bands on confirmed_cells.policy_version = bands.policy_version and confirmed_cells.band = bands.band
