-- Grain: one row a customer who is merged into another one tonight (kind merge), or from whom another one splits off
-- (kind split). The gate refuses changes of one delivery that follow each other, but between two valid nights several
-- deliveries may have come.

with

due as (

    select
        changes.kind,
        changes.old_key,
        changes.new_key,
        greatest(changes.business_date, changes.effective_date) as changed_date
    from {{ ref('stg_id_change') }} as changes
    left join {{ source('state', 'customer_link') }} as links
        on changes.old_key = links.delivered_key and changes.new_key = links.customer_key
    -- a change that came again has already happened
    where changes.is_due and changes.subject = 'customer' and changes.kind <> 'renumber' and links.delivered_key is null

),

merges as (

    select * from due
    where kind = 'merge'

),

final_merges as (

    select
        merges.old_key,
        coalesce(last_merges.new_key, later_merges.new_key, merges.new_key) as new_key,
        merges.changed_date
    from merges
    left join merges as later_merges on merges.new_key = later_merges.old_key
    left join merges as last_merges on later_merges.new_key = last_merges.old_key

)

select
    'merge' as kind,
    old_key,
    new_key,
    changed_date
from final_merges

union all

select
    'split' as kind,
    coalesce(from_merges.new_key, splits.old_key) as old_key,
    coalesce(into_merges.new_key, splits.new_key) as new_key,
    splits.changed_date
from due as splits
left join final_merges as from_merges on splits.old_key = from_merges.old_key
left join final_merges as into_merges on splits.new_key = into_merges.old_key
where splits.kind = 'split'
