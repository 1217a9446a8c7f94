-- Grain: one row an account that is past due and a period of hardship pause; periods of one account do not overlap.

with

night as (

    select * from {{ ref('stg_night') }}

),

account_nights as (

    select * from {{ ref('ftr_account_night') }}

),

cases as (

    select
        account_key,
        customer_key,
        coalesce(from_date, local_date) as from_date,
        to_date
    from {{ ref('stg_case_event') }}
    where kind = 'hardship_pause' and coalesce(outcome, 'received') <> 'withdrawn'

),

accounts as (

    select distinct
        account_key,
        customer_key
    from account_nights
    where days_past_due > 0

),

pauses as (

    select
        accounts.account_key,
        cases.from_date,
        coalesce(cases.to_date, night.business_date) as to_date
    from accounts
    inner join cases on accounts.account_key = cases.account_key
    cross join night

    union all

    select
        accounts.account_key,
        cases.from_date,
        coalesce(cases.to_date, night.business_date) as to_date
    from accounts
    inner join cases on accounts.customer_key = cases.customer_key and cases.account_key is null
    cross join night

),

following as (

    select
        pauses.*,
        max(pauses.to_date) over (
            partition by pauses.account_key
            order by pauses.from_date, pauses.to_date
            rows between unbounded preceding and 1 preceding
        ) as paused_until_date
    from pauses
    where pauses.from_date <= pauses.to_date

),

parted as (

    select
        account_key,
        greatest(from_date, coalesce({{ add_days('paused_until_date', 1) }}, from_date)) as from_date,
        to_date
    from following

)

select distinct
    account_key,
    from_date,
    to_date
from parted
where from_date <= to_date
