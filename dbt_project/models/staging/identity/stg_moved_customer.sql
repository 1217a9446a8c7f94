-- Grain: one row a customer key of the night before and customer who has its state from tonight on, for customers who
-- are merged or split tonight. After a split, both sides have all of it; is_copy marks the new side.

with

changes as (

    select * from {{ ref('stg_customer_change') }}

),

kept as (

    select old_key as carried_key, new_key as customer_key from changes
    where kind = 'merge'

    union

    select new_key as carried_key, new_key as customer_key from changes
    where kind = 'merge'

    union

    select old_key as carried_key, old_key as customer_key from changes
    where kind = 'split'

)

select
    carried_key,
    customer_key,
    false as is_copy
from kept

union all

select
    kept.carried_key,
    changes.new_key as customer_key,
    true as is_copy
from kept
inner join changes on kept.customer_key = changes.old_key
where changes.kind = 'split'
