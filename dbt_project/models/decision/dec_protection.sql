-- Grain: one row an account of tonight's snapshot and policy pack that may not fall tonight, and why.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

cases as (

    select * from {{ ref('dec_open_case') }}

),

case_events as (

    select * from {{ ref('stg_night_source') }}
    where source = 'case_event'

),

confirmations as (

    select * from {{ ref('dec_confirmation') }}

),

judged as (

    select
        accounts.account_key,
        accounts.policy_version,
        case
            when cases.is_in_hardship then 'P2'
            when cases.has_open_appeal then 'P3'
            when cases.has_human_review then 'P4'
            when confirmations.is_maintenance then 'G2'
            when confirmations.is_first_night_of_pack then 'P5'
            when case_events.is_distrusted then 'G4'
        end as reason_code
    from accounts
    inner join confirmations
        on
            accounts.customer_key = confirmations.customer_key
            and accounts.policy_version = confirmations.policy_version
    cross join case_events
    left join cases on accounts.account_key = cases.account_key

)

select
    account_key,
    policy_version,
    reason_code
from judged
where reason_code is not null
