-- Grain: one row a legal entity, product, ageing bucket and performing flag. F18/F19-like; certified by nobody.

with

accounts as (

    select * from {{ ref('fct_account_night') }}

),

buckets as (

    select * from {{ ref('ageing_bucket') }}

),

classes as (

    select * from {{ ref('risk_class') }}

),

non_performing_from as (

    select severity
    from classes
    where regulatory_parameter = 'dpd_substandard'

)

select
    accounts.business_date as as_of_date,
    'R06' as report_id,
    accounts.legal_entity_code as legal_entity,
    cast(0 as bigint) as restatement_no,
    accounts.policy_version,
    accounts.product_code,
    buckets.bucket_order,
    buckets.bucket,
    classes.severity < non_performing_from.severity as is_performing,
    cast(count(*) as bigint) as account_count,
    cast(sum(accounts.principal_balance) as decimal(18, 2)) as gross_principal_amount,
    cast(sum(accounts.principal_balance + accounts.accrued_interest_balance) as decimal(18, 2)) as gross_carrying_amount,
    cast(sum(accounts.arrears_balance) as decimal(18, 2)) as arrears_amount,
    cast(
        sum(case when accounts.forbearance_date is not null then accounts.principal_balance else 0 end) as decimal(18, 2)
    ) as forborne_gross_amount
from accounts
inner join classes on accounts.risk_class = classes.risk_class
inner join buckets
    on
        accounts.days_past_due >= coalesce(buckets.from_days, accounts.days_past_due)
        and accounts.days_past_due <= coalesce(buckets.to_days, accounts.days_past_due)
cross join non_performing_from
group by
    accounts.business_date,
    accounts.legal_entity_code,
    accounts.policy_version,
    accounts.product_code,
    buckets.bucket_order,
    buckets.bucket,
    classes.severity < non_performing_from.severity
