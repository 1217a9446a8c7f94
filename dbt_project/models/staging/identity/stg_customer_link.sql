-- Grain: one row a customer key under which rows were delivered and customer who has these rows, for keys that were
-- ever merged or split. After a split, both sides have what was delivered before changed_date (until_date, if there is
-- none). is_main marks the customer who also has the later rows. merged_date is the day of the last merge on the way
-- there; first_merged_key and first_merged_date are about the first merge.

with

night as (

    select * from {{ ref('stg_night') }}

),

changes as (

    select * from {{ ref('stg_customer_change') }}

),

merges as (

    select * from changes
    where kind = 'merge'

),

splits as (

    select * from changes
    where kind = 'split'

),

carried as (

    select * from {{ source('state', 'customer_link') }}

),

known as (

    select
        delivered_key,
        customer_key,
        is_main,
        changed_date,
        merged_date,
        first_merged_key,
        first_merged_date
    from carried

    union all

    select distinct
        changes.old_key as delivered_key,
        changes.old_key as customer_key,
        true as is_main,
        cast(null as date) as changed_date,
        cast(null as date) as merged_date,
        cast(null as bigint) as first_merged_key,
        cast(null as date) as first_merged_date
    from changes
    left join carried on changes.old_key = carried.delivered_key
    where carried.delivered_key is null

),

merged as (

    select
        known.delivered_key,
        coalesce(merges.new_key, known.customer_key) as customer_key,
        known.is_main,
        known.changed_date,
        coalesce(merges.changed_date, known.merged_date) as merged_date,
        coalesce(known.first_merged_key, merges.new_key) as first_merged_key,
        coalesce(known.first_merged_date, merges.changed_date) as first_merged_date
    from known
    left join merges on known.customer_key = merges.old_key

),

parted as (

    select * from merged

    union all

    select
        merged.delivered_key,
        splits.new_key as customer_key,
        false as is_main,
        least(coalesce(merged.changed_date, splits.changed_date), splits.changed_date) as changed_date,
        merged.merged_date,
        merged.first_merged_key,
        merged.first_merged_date
    from merged
    inner join splits on merged.customer_key = splits.old_key

)

select
    parted.delivered_key,
    parted.customer_key,
    bool_or(parted.is_main) as is_main,
    case when count(parted.changed_date) = count(*) then max(parted.changed_date) end as changed_date,
    case
        when count(parted.changed_date) = count(*) then max(parted.changed_date)
        else max({{ add_days('night.business_date', 1) }})
    end as until_date,
    max(parted.merged_date) as merged_date,
    max(parted.first_merged_key) as first_merged_key,
    max(parted.first_merged_date) as first_merged_date
from parted
cross join night
group by parted.delivered_key, parted.customer_key
