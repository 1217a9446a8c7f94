-- Grain: one row a customer, source and corrected night since which a limit of the customer was cut, as long as that cut is
-- carried: an appeal may name the row after it was corrected.

with

corrections as (

    select * from {{ ref('dec_correction') }}

),

cuts as (

    select
        customer_key,
        max(decided_date) as decided_date
    from {{ ref('dec_carried_cut') }}
    group by customer_key

)

select
    corrections.customer_key,
    corrections.source,
    corrections.corrected_date,
    corrections.known_date
from corrections
inner join cuts
    on corrections.customer_key = cuts.customer_key and corrections.corrected_date <= cuts.decided_date
