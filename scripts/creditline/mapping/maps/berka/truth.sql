-- Grain: one row a loan that was granted to an account of the book; its status is that of the extract of 1998.

with

loans as (

    select * from extract.loan

),

accounts as (

    select distinct account_id from account_day

)

select
    printf('BK%05d', loans.account_id) as account_id,
    loans.loan_id,
    loans.granted as granted_date,
    loans.status as final_status_code,
    -- B: finished and not paid, D: running and in debt
    loans.status in ('B', 'D') as has_defaulted
from loans
inner join accounts on loans.account_id = accounts.account_id
