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

carried as (

    select * from {{ ref('stg_account_state') }}

),

-- a zero of the core that no decision of ours made ended the line
core_limits as (

    select
        limits.*,
        limits.limit_minor = 0 and carried.change_minor is distinct from 0 as is_line_ended
    from {{ ref('dec_core_limit') }} as limits
    left join carried on limits.account_key = carried.account_key

),

resting_customers as (

    select * from {{ ref('dec_resting_customer') }}

),

tonight as (

    select snapshots.*
    from snapshots
    inner join night on snapshots.business_date = night.business_date

),

-- an assignment asks for the legal entity and the product alone, so it is looked for once for all accounts of both
products as (

    select distinct
        legal_entity_code,
        product_code
    from tonight

),

matched as (

    select
        products.legal_entity_code,
        products.product_code,
        assignments.policy_version,
        packs.pack,
        assignments.role,
        assignments.share_bp,
        row_number() over (
            partition by products.legal_entity_code, products.product_code, assignments.role
            order by
                case when assignments.legal_entity_code = '*' then 1 else 0 end,
                case when assignments.product_code = '*' then 1 else 0 end,
                assignments.policy_version
        ) as preference
    from products
    inner join assignments
        on
            assignments.legal_entity_code in (products.legal_entity_code, '*')
            and assignments.product_code in (products.product_code, '*')
    inner join packs on assignments.policy_version = packs.policy_version

),

champions as (

    select * from matched
    where role = 'champion' and preference = 1

),

challengers as (

    select
        matched.*,
        row_number() over (
            partition by matched.legal_entity_code, matched.product_code
            order by matched.preference
        ) as rank_of_challenger
    from matched
    inner join champions
        on matched.legal_entity_code = champions.legal_entity_code and matched.product_code = champions.product_code
    -- a challenger that is the champion's own pack is none
    where matched.role = 'challenger' and matched.policy_version <> champions.policy_version

),

challenged as (

    select
        tonight.account_key,
        challengers.policy_version,
        challengers.pack,
        {{ hash_bucket(as_text('tonight.customer_key') ~ " || '|' || challengers.pack") }} < challengers.share_bp as is_assigned
    from tonight
    inner join challengers
        on tonight.legal_entity_code = challengers.legal_entity_code and tonight.product_code = challengers.product_code
    where challengers.rank_of_challenger = 1

),

deciding as (

    select
        tonight.*,
        champions.policy_version,
        champions.pack,
        not coalesce(challenged.is_assigned, false) as is_assigned
    from tonight
    left join champions
        on tonight.legal_entity_code = champions.legal_entity_code and tonight.product_code = champions.product_code
    left join challenged on tonight.account_key = challenged.account_key

    union all

    select
        tonight.*,
        challenged.policy_version,
        challenged.pack,
        challenged.is_assigned
    from tonight
    inner join challenged on tonight.account_key = challenged.account_key

)

select
    deciding.business_date,
    deciding.account_key,
    deciding.customer_key,
    deciding.product_code,
    deciding.legal_entity_code,
    deciding.legal_entity_code || '/' || deciding.product_code as slice_code,
    deciding.purpose_code,
    deciding.channel_code,
    deciding.currency_code,
    deciding.status,
    statuses.is_open,
    statuses.is_drawable,
    deciding.opened_date,
    core_limits.limit_minor,
    core_limits.core_limit_minor,
    deciding.principal_minor,
    deciding.accrued_interest_minor,
    deciding.arrears_minor,
    deciding.days_past_due,
    deciding.income_monthly_minor,
    deciding.income_as_of_date,
    deciding.raise_consent_code,
    deciding.line_end_date,
    deciding.forbearance_date,
    deciding.risk_class as delivered_risk_class,
    case
        when core_limits.is_line_ended then 0
        else
            greatest(
                reference_limits.reference_limit_minor,
                core_limits.limit_minor,
                coalesce(core_limits.highest_ordered_minor, 0)
            )
    end as reference_limit_minor,
    -- a raise that the core never applies leaves nothing behind, one that it says it applied stands
    greatest(reference_limits.reference_limit_minor, coalesce(core_limits.highest_applied_minor, 0))
        as granted_reference_limit_minor,
    not statuses.is_open
    or reference_limits.reference_limit_minor = 0
    or core_limits.is_line_ended
    or night.is_void
    or resting_customers.customer_key is not null as is_held,
    deciding.policy_version,
    deciding.pack,
    deciding.is_assigned
from deciding
cross join night
inner join statuses on deciding.status = statuses.status
inner join reference_limits on deciding.account_key = reference_limits.account_key
inner join core_limits on deciding.account_key = core_limits.account_key
left join resting_customers on deciding.customer_key = resting_customers.customer_key
