-- Grain: one row an account of tonight's snapshot and policy pack that the raise budget lets wait.
-- The budget is spent in order of the score, then of the keys: it may delay a raise, never cut.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}
    where nightly_budget_minor is not null

),

strategies as (

    select * from {{ ref('dec_strategy') }}

),

bounds as (

    select * from {{ ref('dec_bound') }}

),

scores as (

    select * from {{ ref('dec_score') }}

),

overlays as (

    select * from {{ ref('dec_overlay') }}

),

raises as (

    select
        accounts.account_key,
        accounts.policy_version,
        packs.nightly_budget_minor,
        sum(bounds.permitted_minor - accounts.limit_minor) over (
            partition by accounts.policy_version, accounts.is_assigned
            order by scores.score desc, accounts.customer_key, accounts.account_key
            rows between unbounded preceding and current row
        ) as spent_minor
    from accounts
    inner join packs on accounts.policy_version = packs.policy_version
    inner join strategies
        on accounts.account_key = strategies.account_key and accounts.policy_version = strategies.policy_version
    inner join bounds
        on accounts.account_key = bounds.account_key and accounts.policy_version = bounds.policy_version
    inner join scores
        on accounts.customer_key = scores.customer_key and accounts.policy_version = scores.policy_version
    left join overlays
        on accounts.account_key = overlays.account_key and accounts.policy_version = overlays.policy_version
    where
        overlays.account_key is null
        and bounds.permitted_minor > accounts.limit_minor
        and not (strategies.is_overridden or strategies.is_restored)
        and not accounts.is_held

)

select
    account_key,
    policy_version
from raises
where spent_minor > nightly_budget_minor
