-- Grain: one row a customer at rest: nothing moves tonight, because the customer was merged into another one, or split,
-- since the night before. The evidence of two customers becomes that of one, or the other way round, and nobody is cut
-- because of that (decision.md: changes of ids).

with

moved as (

    select * from {{ ref('stg_moved_customer') }}

)

select distinct customer_key from moved
