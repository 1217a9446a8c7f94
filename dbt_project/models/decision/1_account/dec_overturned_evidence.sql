-- Grain: one row a customer, source and night whose row an overturned appeal names as bad and whose row was corrected.
-- It does not matter who appealed: the bad row hit every customer whom the correction touches.

with

appeals as (

    select distinct case_events.ground
    from {{ ref('stg_case_event') }} as case_events
    inner join {{ ref('case_outcome') }} as outcomes on case_events.outcome = outcomes.outcome
    where case_events.kind = 'appeal' and outcomes.is_in_favour

),

corrections as (

    select * from {{ ref('dec_correction') }}

)

select
    corrections.customer_key,
    corrections.source,
    corrections.corrected_date
from corrections
inner join appeals
    on appeals.ground = {{ bad_row_ground('corrections.source', 'corrections.corrected_date') }}
