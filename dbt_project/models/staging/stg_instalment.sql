-- Grain: one row instalment_token; the latest version known at the night's cut-off: carried over, or new tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'instalment') }}

),

carried as (

    select * from {{ source('state', 'instalment') }}

),

-- instalments that changed tonight are few: all others go on as they were carried, unsorted
contested as (

    select distinct instalment_token from delivered

),

settled as (

    select carried.*
    from carried
    left join contested on carried.instalment_token = contested.instalment_token
    where contested.instalment_token is null

),

known as (

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        instalment_token,
        account_key,
        instalment_no,
        due_date,
        {{ to_minor('due_amount') }} as due_minor,
        paid_date,
        {{ to_minor('paid_amount') }} as paid_minor,
        is_reversed
    from delivered

    union all

    select
        carried.business_date,
        carried.batch_id,
        carried.known_at,
        carried.source_row,
        carried.instalment_token,
        carried.account_key,
        carried.instalment_no,
        carried.due_date,
        carried.due_minor,
        carried.paid_date,
        carried.paid_minor,
        carried.is_reversed
    from carried
    inner join contested on carried.instalment_token = contested.instalment_token

),

versions as (

    select
        known.*,
        row_number() over (
            partition by known.instalment_token
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
