-- Grain: one row instalment_token; the latest version known at the night's cut-off: carried over, or new tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as {{ not_materialized() }} (

    select
        delivered.business_date,
        delivered.batch_id,
        delivered.known_at,
        delivered.source_row,
        delivered.instalment_token,
        delivered.account_key,
        delivered.instalment_no,
        delivered.due_date,
        {{ to_minor('delivered.due_amount') }} as due_minor,
        delivered.paid_date,
        {{ to_minor('delivered.paid_amount') }} as paid_minor,
        delivered.is_reversed
    from {{ source('raw', 'instalment') }} as delivered

),

carried as (

    select * from {{ source('state', 'instalment') }}

),

-- instalments that changed tonight are few: all others go on as they were carried, unsorted
settled as (

    select carried.*
    from carried
    where not exists (select 1 from delivered where delivered.instalment_token = carried.instalment_token)

),

returned as (

    select carried.*
    from carried
    where exists (select 1 from delivered where delivered.instalment_token = carried.instalment_token)

),

-- a file holds an instalment once, so only what is carried or stands in a second file has versions to choose from
again as (

    {{ contested_tokens('instalment', 'instalment_token') }}

    union

    select instalment_token from returned

),

fresh as (

    select delivered.*
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at
    left join again on delivered.instalment_token = again.instalment_token
    where again.instalment_token is null

),

known as (

    select delivered.*
    from delivered
    inner join night on delivered.known_at <= night.cut_off_at
    inner join again on delivered.instalment_token = again.instalment_token

    union all

    select
        returned.business_date,
        returned.batch_id,
        returned.known_at,
        returned.source_row,
        returned.instalment_token,
        returned.account_key,
        returned.instalment_no,
        returned.due_date,
        returned.due_minor,
        returned.paid_date,
        returned.paid_minor,
        returned.is_reversed
    from returned

),

versions as (

    select
        known.*,
        row_number() over (
            partition by known.instalment_token
            order by known.known_at desc, known.batch_id desc, known.source_row desc
        ) as version_rank
    from known

)

select
    fresh.business_date,
    fresh.batch_id,
    fresh.known_at,
    fresh.source_row,
    fresh.instalment_token,
    fresh.account_key,
    fresh.instalment_no,
    fresh.due_date,
    fresh.due_minor,
    fresh.paid_date,
    fresh.paid_minor,
    fresh.is_reversed
from fresh

union all

select
    versions.business_date,
    versions.batch_id,
    versions.known_at,
    versions.source_row,
    versions.instalment_token,
    versions.account_key,
    versions.instalment_no,
    versions.due_date,
    versions.due_minor,
    versions.paid_date,
    versions.paid_minor,
    versions.is_reversed
from versions
where versions.version_rank = 1

union all

select
    settled.business_date,
    settled.batch_id,
    settled.known_at,
    settled.source_row,
    settled.instalment_token,
    settled.account_key,
    settled.instalment_no,
    settled.due_date,
    settled.due_minor,
    settled.paid_date,
    settled.paid_minor,
    settled.is_reversed
from settled
