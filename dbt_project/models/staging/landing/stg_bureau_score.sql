-- Grain: one row customer_key, observed_date; the latest version known at the night's cut-off: carried over, or new tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

links as (

    select * from {{ ref('stg_customer_link') }}

),

moved as (

    select * from {{ ref('stg_moved_customer') }}

),

delivered as (

    select
        scores.business_date,
        scores.batch_id,
        scores.known_at,
        scores.source_row,
        coalesce(links.customer_key, scores.customer_key) as customer_key,
        scores.observed_date,
        scores.score,
        scores.external_debt_amount,
        scores.has_new_default
    from {{ source('raw', 'bureau_score') }} as scores
    left join links on scores.customer_key = links.delivered_key and scores.business_date < links.until_date

),

carried as (

    select
        scores.business_date,
        scores.batch_id,
        scores.known_at,
        scores.source_row,
        coalesce(moved.customer_key, scores.customer_key) as customer_key,
        scores.observed_date,
        scores.score,
        scores.external_debt_minor,
        scores.has_new_default,
        moved.carried_key is not null as is_moved
    from {{ source('state', 'bureau_score') }} as scores
    left join moved on scores.customer_key = moved.carried_key

),

-- few scores were observed or corrected tonight, or belong to customers merged tonight; all others stay as they were
-- carried, unsorted
contested as (

    select distinct
        customer_key,
        observed_date
    from delivered

    union

    select
        customer_key,
        observed_date
    from carried
    where is_moved

),

settled as (

    select carried.*
    from carried
    left join contested
        on
            carried.customer_key = contested.customer_key
            and carried.observed_date = contested.observed_date
    where contested.customer_key is null

),

known as (

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        customer_key,
        observed_date,
        score,
        {{ to_minor('external_debt_amount') }} as external_debt_minor,
        has_new_default
    from delivered

    union all

    select
        carried.business_date,
        carried.batch_id,
        carried.known_at,
        carried.source_row,
        carried.customer_key,
        carried.observed_date,
        carried.score,
        carried.external_debt_minor,
        carried.has_new_default
    from carried
    inner join contested
        on
            carried.customer_key = contested.customer_key
            and carried.observed_date = contested.observed_date

),

versions as (

    select
        known.*,
        row_number() over (
            partition by known.customer_key, known.observed_date
            order by known.known_at desc, known.batch_id desc, known.source_row desc
        ) as version_rank
    from known
    inner join night on known.known_at <= night.cut_off_at

)

select
    versions.business_date,
    versions.batch_id,
    versions.known_at,
    versions.source_row,
    versions.customer_key,
    versions.observed_date,
    versions.score,
    versions.external_debt_minor,
    versions.has_new_default
from versions
where versions.version_rank = 1

union all

select
    settled.business_date,
    settled.batch_id,
    settled.known_at,
    settled.source_row,
    settled.customer_key,
    settled.observed_date,
    settled.score,
    settled.external_debt_minor,
    settled.has_new_default
from settled
