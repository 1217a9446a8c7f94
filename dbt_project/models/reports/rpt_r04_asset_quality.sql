-- Grain: one row a legal entity, product, purpose and five-category risk class. G11-like; certified by nobody.

with

accounts as (

    select * from {{ ref('fct_account_night') }}

),

parameters as (

    select * from {{ ref('dim_regulatory_parameter') }}
    where param = 'dpd_substandard'

),

classes as (

    select * from {{ ref('risk_class') }}

),

non_performing_from as (

    select severity
    from classes
    where regulatory_parameter = 'dpd_substandard'

),

judged as (

    select
        accounts.*,
        classes.severity,
        classes.severity >= non_performing_from.severity as is_non_performing,
        accounts.days_past_due > cast(parameters.value as bigint) as is_over_90_days
    from accounts
    inner join classes on accounts.risk_class = classes.risk_class
    left join parameters on accounts.policy_version = parameters.policy_version
    cross join non_performing_from

),

classed as (

    select
        business_date,
        legal_entity_code,
        policy_version,
        product_code,
        purpose_code,
        risk_class,
        severity,
        count(*) as account_count,
        sum(principal_balance) as balance,
        sum(case when days_past_due > 0 then principal_balance else 0 end) as overdue_balance,
        sum(case when is_over_90_days then principal_balance else 0 end) as over_90_days_balance,
        sum(case when is_non_performing then principal_balance else 0 end) as non_performing_balance,
        sum(case when is_downgraded_by_backstop then 1 else 0 end) as downgraded_count
    from judged
    group by business_date, legal_entity_code, policy_version, product_code, purpose_code, risk_class, severity

),

totalled as (

    select
        *,
        sum(balance) over product as product_balance,
        sum(non_performing_balance) over product as product_non_performing_balance,
        sum(over_90_days_balance) over product as product_over_90_days_balance
    from classed
    window product as (partition by legal_entity_code, policy_version, product_code, purpose_code)

)

select
    business_date as as_of_date,
    'R04' as report_id,
    legal_entity_code as legal_entity,
    cast(0 as bigint) as restatement_no,
    policy_version,
    product_code,
    purpose_code,
    severity as risk_class_order,
    risk_class,
    cast(account_count as bigint) as account_count,
    cast(balance as decimal(18, 2)) as balance,
    cast(overdue_balance as decimal(18, 2)) as overdue_balance,
    cast(over_90_days_balance as decimal(18, 2)) as over_90_days_balance,
    cast(non_performing_balance as decimal(18, 2)) as non_performing_balance,
    -- a whole product's balance times 10,000 may not fit into 64 bits
    {{ bp(as_wide(to_minor('product_non_performing_balance')), to_minor('product_balance')) }} as product_npl_ratio_bp,
    {{ bp(as_wide(to_minor('product_over_90_days_balance')), to_minor('product_non_performing_balance')) }}
        as product_over_90_npl_ratio_bp,
    cast(downgraded_count as bigint) as downgraded_by_backstop_count
from totalled
