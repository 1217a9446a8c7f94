-- Grain: one row an account and night that tonight reads: new nights, nights that leave a window, and every night of
-- the history for customers whose windows are recomputed.

{{ config(materialized='view') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

entering as (

    select * from {{ ref('stg_account_snapshot') }}

),

leaving as (

    select * from {{ ref('stg_account_snapshot_leaving') }}

),

history as (

    select * from {{ ref('stg_account_snapshot_history') }}

),

recomputed as (

    select * from {{ ref('stg_recomputed_customer') }}

)

select
    entering.business_date,
    entering.account_key,
    entering.customer_key,
    entering.principal_minor,
    entering.limit_minor,
    entering.days_past_due,
    false as is_leaving
from entering
left join recomputed on entering.customer_key = recomputed.customer_key
where recomputed.customer_key is null

union all

select
    leaving.business_date,
    leaving.account_key,
    leaving.customer_key,
    leaving.principal_minor,
    cast(null as bigint) as limit_minor,
    cast(null as bigint) as days_past_due,
    true as is_leaving
from leaving
left join recomputed on leaving.customer_key = recomputed.customer_key
where recomputed.customer_key is null

union all

select
    history.business_date,
    history.account_key,
    history.customer_key,
    history.principal_minor,
    history.limit_minor,
    history.days_past_due,
    false as is_leaving
from history
inner join night on history.business_date <= night.business_date
