-- Grain: one row an account; the outcome of October 2005, known only after the last night.

with

cards as (

    select * from extract.card

)

select
    printf('TW%05d', cast(id as integer)) as account_id,
    date '2005-10-31' as known_date,
    cast("default.payment.next.month" as integer) = 1 as has_defaulted
from cards
