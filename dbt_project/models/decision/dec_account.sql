-- Grain: one row an account of tonight's snapshot.
-- Routes the account to the policy pack in force for its legal entity and product: the most specific row of
-- policies/assignment.csv decides, `*` matches all. An account that no row matches keeps a null policy_version,
-- which assert_every_account_has_a_policy turns into a refused night.

with

night as (

    select * from {{ ref('stg_night') }}

),

snapshots as (

    select * from {{ ref('stg_account_snapshot') }}

),

assignments as (

    select * from {{ ref('stg_policy_assignment') }}

),

statuses as (

    select * from {{ ref('account_status') }}

),

reference_limits as (

    select * from {{ ref('ftr_reference_limit') }}

),

tonight as (

    select snapshots.*
    from snapshots
    inner join night on snapshots.business_date = night.business_date

),

routed as (

    select
        tonight.account_key,
        assignments.policy_version,
        row_number() over (
            partition by tonight.account_key
            order by
                case when assignments.legal_entity_code = '*' then 1 else 0 end,
                case when assignments.product_code = '*' then 1 else 0 end,
                assignments.policy_version
        ) as preference
    from tonight
    inner join assignments
        on
            assignments.legal_entity_code in (tonight.legal_entity_code, '*')
            and assignments.product_code in (tonight.product_code, '*')

)

select
    tonight.business_date,
    tonight.account_key,
    tonight.customer_key,
    tonight.product_code,
    tonight.legal_entity_code,
    tonight.legal_entity_code || '/' || tonight.product_code as slice_code,
    tonight.purpose_code,
    tonight.channel_code,
    tonight.currency_code,
    tonight.status,
    statuses.is_open,
    statuses.is_drawable,
    statuses.display_state as status_display_state,
    tonight.opened_date,
    tonight.limit_minor,
    tonight.principal_minor,
    tonight.accrued_interest_minor,
    tonight.arrears_minor,
    tonight.days_past_due,
    tonight.income_monthly_minor,
    tonight.income_as_of_date,
    tonight.raise_consent_code,
    tonight.line_end_date,
    tonight.forbearance_date,
    tonight.risk_class as delivered_risk_class,
    reference_limits.reference_limit_minor,
    routed.policy_version
from tonight
inner join statuses on tonight.status = statuses.status
inner join reference_limits on tonight.account_key = reference_limits.account_key
left join routed on tonight.account_key = routed.account_key and routed.preference = 1
