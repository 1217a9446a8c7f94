-- Grain: one row kind, subject, old_key; the latest version known at the night's cut-off: new tonight, or carried over
-- because its date had not come. It is due on the first night that reaches its date, once.

with

night as (

    select * from {{ ref('stg_night') }}

),

known as (

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        kind,
        subject,
        old_key,
        new_key,
        effective_date
    from {{ source('raw', 'id_change') }}

    union all

    select
        business_date,
        batch_id,
        known_at,
        source_row,
        kind,
        subject,
        old_key,
        new_key,
        effective_date
    from {{ source('state', 'id_change') }}

),

versions as (

    select
        known.*,
        row_number() over (
            partition by known.kind, known.subject, known.old_key
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
    versions.kind,
    versions.subject,
    versions.old_key,
    versions.new_key,
    versions.effective_date,
    versions.effective_date <= night.business_date as is_due
from versions
cross join night
where versions.version_rank = 1
