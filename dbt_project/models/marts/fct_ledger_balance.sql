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

    select * from {{ ref('dec_assigned_account') }}

),

totals as (

    select
        legal_entity_code,
        cast(sum(principal_minor) as bigint) as principal_minor,
        cast(sum(accrued_interest_minor) as bigint) as accrued_interest_minor
    from accounts
    group by legal_entity_code

),

ledger_totals as (

    select
        ledger.business_date,
        ledger.legal_entity_code,
        ledger.ledger_code,
        cast(sum(ledger.balance_minor) as bigint) as ledger_minor
    from ledger
    inner join night on ledger.business_date = night.business_date
    group by ledger.business_date, ledger.legal_entity_code, ledger.ledger_code

),

sides as (

    select
        ledger_totals.*,
        case ledger_accounts.snapshot_column
            when 'principal_balance' then totals.principal_minor
            when 'accrued_interest_balance' then totals.accrued_interest_minor
        end as snapshot_minor,
        greatest(
            {{ to_minor('ledger_accounts.tolerance_amount') }},
            {{ int_div('abs(ledger_totals.ledger_minor) * ledger_accounts.tolerance_bp', '10000') }}
        ) as allowed_minor
    from ledger_totals
    inner join ledger_accounts on ledger_totals.ledger_code = ledger_accounts.ledger_code
    -- another entity's ledger may stand in the same file
    inner join totals on ledger_totals.legal_entity_code = totals.legal_entity_code

)

select
    business_date,
    legal_entity_code,
    ledger_code,
    {{ to_major('snapshot_minor') }} as snapshot_amount,
    {{ to_major('ledger_minor') }} as ledger_amount,
    {{ to_major('snapshot_minor - ledger_minor') }} as difference_amount,
    {{ to_major('allowed_minor') }} as allowed_amount,
    abs(snapshot_minor - ledger_minor) <= allowed_minor as is_tied
from sides
