-- Grain: one row a change of ids whose date has not come yet.

with

changes as (

    select * from {{ ref('stg_id_change') }}
    where not is_due

)

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
from changes
