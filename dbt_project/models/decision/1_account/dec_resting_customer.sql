-- Grain: one row a customer for whom nothing moves tonight: merged into another one, or split, since the night before.
-- Evidence of two becomes that of one, or the other way round: nobody is cut because of it (decision.md: changes of ids).

with

moved as (

    select * from {{ ref('stg_moved_customer') }}

)

select distinct customer_key from moved
