-- Grain: one row event_token; the latest version known at the night's cut-off: carried over, or new tonight.

with

night as (

    select * from {{ ref('stg_night') }}

),

delivered as (

    select * from {{ source('raw', 'case_event') }}

),

carried as (

    select * from {{ source('state', 'case_event') }}

),

known as (

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        event_token,
        kind,
        account_key,
        customer_key,
        occurred_at,
        {{ to_minor('amount') }} as amount_minor,
        from_date,
        to_date,
        actor,
        approver,
        ground,
        outcome,
        local_date,
        local_hour
    from delivered

    union all

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        event_token,
        kind,
        account_key,
        customer_key,
        occurred_at,
        amount_minor,
        from_date,
        to_date,
        actor,
        approver,
        ground,
        outcome,
        local_date,
        local_hour
    from carried

),

versions as (

    select
        known.*,
        row_number() over (
            partition by known.event_token
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
    versions.event_token,
    versions.kind,
    versions.account_key,
    versions.customer_key,
    versions.occurred_at,
    versions.amount_minor,
    versions.from_date,
    versions.to_date,
    versions.actor,
    versions.approver,
    versions.ground,
    versions.outcome,
    versions.local_date,
    versions.local_hour
from versions
where versions.version_rank = 1
