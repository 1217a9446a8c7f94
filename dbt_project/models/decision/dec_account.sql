-- Grain: one row an account of tonight's snapshot and policy pack that decides it.
-- The most specific row of policies/assignment.csv gives the account its champion, `*` matches all; a challenger decides
-- beside it. Only the pack that the customer is assigned to is released. An account that no champion's row matches keeps
-- a null policy_version, which assert_every_account_has_a_decision turns into a refused night.

{{ config(materialized='table') }}

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

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

statuses as (

    select * from {{ ref('account_status') }}

),

reference_limits as (

    select * from {{ ref('ftr_reference_limit') }}

),

core_limits as (

    select * from {{ ref('dec_core_limit') }}

),

resting_customers as (

    select * from {{ ref('dec_resting_customer') }}

),

tonight as (

    select snapshots.*
    from snapshots
    inner join night on snapshots.business_date = night.business_date

),

matched as (

    select
        tonight.account_key,
        assignments.policy_version,
        packs.pack,
        assignments.role,
        assignments.share_bp,
        {{ hash_bucket(as_text('tonight.customer_key') ~ " || '|' || packs.pack") }} as bucket,
        row_number() over (
            partition by tonight.account_key, assignments.role
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
    inner join packs on assignments.policy_version = packs.policy_version

),

champions as (

    select * from matched
    where role = 'champion' and preference = 1

),

challengers as (

    select
        matched.*,
        row_number() over (partition by matched.account_key order by matched.preference) as rank_of_challenger
    from matched
    inner join champions on matched.account_key = champions.account_key
    -- a challenger that is the champion's own pack is none
    where matched.role = 'challenger' and matched.policy_version <> champions.policy_version

),

deciding as (

    select
        champions.account_key,
        champions.policy_version,
        champions.pack,
        coalesce(challengers.bucket >= challengers.share_bp, true) as is_assigned
    from champions
    left join challengers
        on champions.account_key = challengers.account_key and challengers.rank_of_challenger = 1

    union all

    select
        account_key,
        policy_version,
        pack,
        bucket < share_bp as is_assigned
    from challengers
    where rank_of_challenger = 1

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
    tonight.opened_date,
    core_limits.limit_minor,
    core_limits.core_limit_minor,
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
    greatest(
        reference_limits.reference_limit_minor, core_limits.limit_minor, coalesce(core_limits.highest_ordered_minor, 0)
    ) as reference_limit_minor,
    -- a raise that the core never applies leaves nothing behind, one that it says it applied stands
    greatest(reference_limits.reference_limit_minor, coalesce(core_limits.highest_applied_minor, 0))
        as granted_reference_limit_minor,
    not statuses.is_open
    or reference_limits.reference_limit_minor = 0
    or night.is_void
    or resting_customers.customer_key is not null as is_held,
    deciding.policy_version,
    deciding.pack,
    coalesce(deciding.is_assigned, true) as is_assigned
from tonight
cross join night
inner join statuses on tonight.status = statuses.status
inner join reference_limits on tonight.account_key = reference_limits.account_key
inner join core_limits on tonight.account_key = core_limits.account_key
left join deciding on tonight.account_key = deciding.account_key
left join resting_customers on tonight.customer_key = resting_customers.customer_key
