-- Grain: one row a customer, legal entity, purpose, channel and regulatory cap that binds them. Banks cap the credit
-- line, micro-lenders the balance: the cap's `base` says which. A cap over several purposes or channels is measured
-- over all of them, so its measure is on every row that it concerns.

with

accounts as (

    select * from {{ ref('fct_account_night') }}
    where is_open

),

decisions as (

    select * from {{ ref('fct_limit_decision') }}

),

customers as (

    select * from {{ ref('dim_customer') }}

),

caps as (

    select * from {{ ref('dim_regulatory_cap') }}

),

decided as (

    select
        accounts.business_date,
        accounts.customer_key,
        accounts.legal_entity_code,
        accounts.purpose_code,
        accounts.channel_code,
        accounts.policy_version,
        accounts.limit_amount as total_limit_amount,
        accounts.principal_balance as total_balance,
        decisions.recommended_limit_amount as decided_limit_amount,
        customers.open_account_count > 1 as has_several
    from accounts
    inner join decisions on accounts.account_key = decisions.account_key
    inner join customers on accounts.customer_key = customers.customer_key

),

-- only customers with several accounts need a sum
exposures as (

    select * from decided
    where not has_several

    union all

    select
        business_date,
        customer_key,
        legal_entity_code,
        purpose_code,
        channel_code,
        policy_version,
        sum(total_limit_amount) as total_limit_amount,
        sum(total_balance) as total_balance,
        sum(decided_limit_amount) as decided_limit_amount,
        true as has_several
    from decided
    where has_several
    group by business_date, customer_key, legal_entity_code, purpose_code, channel_code, policy_version

),

capped as (

    select
        exposures.*,
        caps.rule_id,
        caps.base,
        caps.cap_amount,
        caps.citation,
        case when caps.base = 'LIMIT' then exposures.total_limit_amount else exposures.total_balance end
            as own_measure_amount,
        case when caps.base = 'LIMIT' then exposures.decided_limit_amount else exposures.total_balance end
            as own_decided_measure_amount
    from exposures
    left join caps
        on
            exposures.policy_version = caps.policy_version
            and caps.legal_entity_code in (exposures.legal_entity_code, '*')
            and caps.purpose_code in (exposures.purpose_code, '*')
            and caps.channel_code in (exposures.channel_code, '*')

),

measured as (

    select
        capped.*,
        capped.own_measure_amount as measure_amount,
        capped.own_decided_measure_amount as decided_measure_amount
    from capped
    where not capped.has_several

    union all

    select
        capped.*,
        sum(capped.own_measure_amount) over customer_rule as measure_amount,
        sum(capped.own_decided_measure_amount) over customer_rule as decided_measure_amount
    from capped
    where capped.has_several
    window customer_rule as (partition by capped.customer_key, capped.policy_version, capped.rule_id)

)

select
    business_date as as_of_date,
    'R03' as report_id,
    legal_entity_code as legal_entity,
    cast(0 as bigint) as restatement_no,
    policy_version,
    customer_key,
    purpose_code,
    channel_code,
    coalesce(rule_id, 'NONE') as rule_id,
    base,
    cast(total_limit_amount as decimal(18, 2)) as total_limit_amount,
    cast(total_balance as decimal(18, 2)) as total_balance,
    cap_amount,
    cast(cap_amount - measure_amount as decimal(18, 2)) as headroom_amount,
    coalesce(measure_amount > cap_amount, false) as is_breach,
    coalesce(measure_amount > cap_amount and decided_measure_amount <= cap_amount, false) as is_remedied_tonight,
    citation
from measured
