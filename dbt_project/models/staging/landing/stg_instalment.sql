-- Grain: one row instalment_hash; the latest version known at the night's cut-off: carried over, or new tonight. A
-- delivery leaves later than every delivery before it, so a row that arrived replaces the carried one.

with

night as (

    select * from {{ ref('stg_night') }}

),

versions as (
    {{ ranked_versions('instalment', ['instalment_token'], once_a_file=true) }}
),

arrived as (

    select
        {{ token_hash('instalment_token') }} as instalment_hash,
        account_key,
        instalment_no,
        due_date,
        {{ to_minor('due_amount') }} as due_minor,
        paid_date,
        {{ to_minor('paid_amount') }} as paid_minor,
        is_reversed
    from versions
    where version_rank = 1

),

carried as (

    select * from {{ source('state', 'instalment') }}

)

select
    instalment_hash,
    account_key,
    instalment_no,
    due_date,
    due_minor,
    paid_date,
    paid_minor,
    is_reversed
from arrived

union all

select
    instalment_hash,
    account_key,
    instalment_no,
    due_date,
    due_minor,
    paid_date,
    paid_minor,
    is_reversed
from carried
where not exists (select 1 from arrived where arrived.instalment_hash = carried.instalment_hash)
