-- Grain: one row a customer of tonight's snapshot, source and earlier night about which a correction became known
-- tonight, or became known before, if the customer's limit was cut since that night.

{{ config(materialized='table') }}

with

night as (

    select * from {{ ref('stg_night') }}

),

accounts as (

    select * from {{ ref('dec_assigned_account') }}

),

corrected as (

    select * from {{ ref('stg_corrected_row') }}

),

carried as (

    select * from {{ ref('stg_correction_state') }}

),

known as (

    select customer_key, source, corrected_date, known_date
    from carried

    union all

    select accounts.customer_key, corrected.source, corrected.corrected_date, night.business_date as known_date
    from corrected
    cross join night
    inner join accounts on corrected.account_key = accounts.account_key

    union all

    select corrected.customer_key, corrected.source, corrected.corrected_date, night.business_date as known_date
    from corrected
    cross join night
    where corrected.customer_key is not null

)

select
    customer_key,
    source,
    corrected_date,
    max(known_date) as known_date
from known
group by customer_key, source, corrected_date
