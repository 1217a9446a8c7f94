-- Grain: one row an account of tonight's snapshot, policy pack and operator that changed the value, for every decision
-- that is not a plain HOLD.

with

limits as (

    select * from {{ ref('dec_decision') }}

),

rules as (

    select
        limits.*,
        case when is_overridden then 'override' when is_restored then 'overturned_appeal' else band end as strategy_rule
    from limits
    where action <> 'HOLD' or is_pending or recommended_minor <> strategy_minor

),

{%- set steps = [
    ("case when is_overridden then 'override' when is_restored then 'restored' else 'strategy' end", 'strategy_rule', 'limit_minor', 'strategy_minor'),
    ("'product_tier'", "product_code", 'strategy_minor', 'tiered_minor'),
    ("'no_raise'", "'raises'", 'tiered_minor', 'permitted_minor'),
    ("'raise_budget'", "'nightly_budget_amount'", 'permitted_minor', 'budgeted_minor'),
    ("'restatement'", "'restated_limit'", 'budgeted_minor', 'restated_minor'),
    ("'income'", "'income_multiple_bp'", 'restated_minor', 'bounded_minor'),
    ("'protect'", 'protection_code', 'bounded_minor', 'protected_minor'),
    ("'hard_trigger'", 'trigger_code', 'protected_minor', 'triggered_minor'),
    ("'floor'", "'floor_amount'", 'triggered_minor', 'floored_minor'),
    ("'rounding'", "'rounding_amount'", 'floored_minor', 'rounded_minor'),
    ("'balance_rule'", "'not_below_balance'", 'rounded_minor', 'balanced_minor'),
    ("'own_maximum'", "'limit_request'", 'balanced_minor', 'maximised_minor'),
    ("'regulatory_cap'", 'cap_rule_id', 'maximised_minor', 'capped_minor'),
    ("'overlay'", 'overlay_code', 'capped_minor', 'decided_minor'),
    ("'pending'", "'lead_days'", 'decided_minor', 'recommended_minor'),
] %}

steps as (
{% for operator, rule, before, after in steps %}
    select
        account_key,
        policy_version,
        {{ loop.index }} as step,
        {{ operator }} as operator,
        {{ rule }} as rule_id,
        {{ before }} as before_minor,
        {{ after }} as after_minor,
        {{ 'overlay_action is not null' if operator == "'overlay'" else 'false' }} as is_overlay_move
    from rules
{{ 'union all' if not loop.last }}
{%- endfor %}
)

select
    account_key,
    policy_version,
    cast(step as bigint) as step,
    operator,
    rule_id,
    before_minor,
    after_minor
from steps
-- a freeze or a restore has a row even if it changed no value
where before_minor <> after_minor or is_overlay_move
