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
        business_date,
        batch_id,
        known_at,
        source_row,
        instalment_token,
        account_key,
        instalment_no,
        due_date,
        due_minor,
        paid_date,
        paid_minor,
        is_reversed
    from carried

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
