-- Grain of money_flow: one row a transaction, with the contract's direction and kind.
-- A code combination that is not listed stops the import: nothing is guessed.

create table money_flow as

with

transactions as (

    select
        *,
        nullif(trim(operation), '') as operation_code,
        nullif(trim(k_symbol), '') as symbol_code
    from extract.trans

),

codes (type, operation_code, symbol_code, direction, kind) as (

    values
    ('PRIJEM', 'VKLAD', null, 'in', 'other'),
    ('PRIJEM', 'PREVOD Z UCTU', null, 'in', 'transfer'),
    ('PRIJEM', 'PREVOD Z UCTU', 'DUCHOD', 'in', 'pension'),
    ('PRIJEM', null, 'UROK', 'in', 'interest'),
    ('VYBER', 'VYBER', null, 'out', 'withdraw'),
    ('VYDAJ', 'VYBER', null, 'out', 'withdraw'),
    ('VYDAJ', 'VYBER KARTOU', null, 'out', 'withdraw'),
    ('VYDAJ', 'VYBER', 'SIPO', 'out', 'consume'),
    ('VYDAJ', 'VYBER', 'SLUZBY', 'out', 'fee'),
    ('VYDAJ', 'VYBER', 'SANKC. UROK', 'out', 'interest'),
    ('VYDAJ', 'PREVOD NA UCET', null, 'out', 'transfer'),
    ('VYDAJ', 'PREVOD NA UCET', 'SIPO', 'out', 'consume'),
    ('VYDAJ', 'PREVOD NA UCET', 'POJISTNE', 'out', 'consume'),
    ('VYDAJ', 'PREVOD NA UCET', 'UVER', 'out', 'repay_own')

),

coded as (

    select
        transactions.*,
        case
            when codes.kind is not null then codes.direction
            else error(
                concat_ws(' ', 'trans_id', trans_id, 'has unknown codes:', transactions.type, operation, k_symbol)
            )
        end as direction,
        codes.kind
    from transactions
    left join codes
        on
            transactions.type = codes.type
            and transactions.operation_code is not distinct from codes.operation_code
            and transactions.symbol_code is not distinct from codes.symbol_code

),

-- what was known on the day: the month before, never the month after
salaries as (

    select distinct later.trans_id
    from coded as later
    inner join coded as earlier
        on
            later.account_id = earlier.account_id
            and later.bank = earlier.bank
            and later.account = earlier.account
            and later.direction = earlier.direction
            and later.kind = earlier.kind
            and abs(date_diff('day', earlier.d + interval 1 month, later.d)) <= getvariable('salary_tolerance_days')
    where later.direction = 'in' and later.kind = 'transfer'

)

select
    coded.trans_id,
    coded.account_id,
    coded.d as flow_date,
    coded.direction,
    case when salaries.trans_id is null then coded.kind else 'salary' end as kind,
    coded.amount
from coded
left join salaries on coded.trans_id = salaries.trans_id;


-- Grain of account_day: one row an account and night, from the day it was opened.
-- The balance is the running sum of the transactions: the recorded one depends on an order within the day that the
-- data do not keep.

create table account_day as

with

accounts as (

    select * from extract.account

),

nights as (

    select cast(unnest(generate_series(getvariable('first_date'), getvariable('last_date'), interval 1 day)) as date)
        as business_date

),

movements as (

    select
        account_id,
        flow_date as business_date,
        sum(case direction when 'in' then amount else -amount end) as amount
    from money_flow
    group by all

),

balances as (

    select
        nights.business_date,
        accounts.account_id,
        accounts.opened as opened_date,
        sum(coalesce(movements.amount, 0.00))
            over (partition by accounts.account_id order by nights.business_date)
            as balance
    from accounts
    inner join nights on accounts.opened <= nights.business_date
    left join movements
        on accounts.account_id = movements.account_id and nights.business_date = movements.business_date

)

select
    *,
    coalesce(
        max(case when balance >= 0 then business_date end)
            over (partition by account_id order by business_date),
        opened_date - 1
    ) as last_in_credit_date
from balances
order by business_date, account_id
