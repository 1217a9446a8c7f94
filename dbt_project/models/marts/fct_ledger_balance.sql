-- Grain: one row a night, legal entity and ledger code that the ledger delivered: both sides of the tie.

with

night as (

    select * from {{ ref('stg_night') }}

),

ledger as (

    select * from {{ ref('stg_gl_balance') }}

),

ledger_accounts as (

    select * from {{ ref('ledger_account') }}

),

accounts as (

    select * from {{ ref('fct_account_night') }}

),

totals as (

    select
        legal_entity_code,
        sum(principal_balance) as principal_balance,
        sum(accrued_interest_balance) as accrued_interest_balance
    from accounts
    group by legal_entity_code

),

sides as (

    select
        ledger.business_date,
        ledger.legal_entity_code,
        ledger.ledger_code,
        cast(case ledger_accounts.snapshot_column
            when 'principal_balance' then totals.principal_balance
            when 'accrued_interest_balance' then totals.accrued_interest_balance
        end as decimal(18, 2)) as snapshot_amount,
        {{ to_major('sum(ledger.balance_minor)') }} as ledger_amount,
        max(ledger_accounts.tolerance_amount) as tolerance_amount,
        max(ledger_accounts.tolerance_bp) as tolerance_bp
    from ledger
    inner join night on ledger.business_date = night.business_date
    inner join ledger_accounts on ledger.ledger_code = ledger_accounts.ledger_code
    -- another entity's ledger may stand in the same file
    inner join totals on ledger.legal_entity_code = totals.legal_entity_code
    group by 1, 2, 3, 4

),

bounded as (

    select
        *,
        cast(greatest(tolerance_amount, abs(ledger_amount) * tolerance_bp / 10000) as decimal(18, 2)) as allowed_amount
    from sides

)

select
    business_date,
    legal_entity_code,
    ledger_code,
    snapshot_amount,
    ledger_amount,
    cast(snapshot_amount - ledger_amount as decimal(18, 2)) as difference_amount,
    allowed_amount,
    abs(snapshot_amount - ledger_amount) <= allowed_amount as is_tied
from bounded
