-- Grain: one row an account of tonight's snapshot that at least one regulatory cap concerns.
-- A cap binds the customer, over all accounts of the legal entity, purpose and channel that it names; where their sum
-- exceeds it, it is shared out in proportion, rounded down. It comes last, over everything.

with

accounts as (

    select * from {{ ref('dec_account') }}

),

rounded as (

    select * from {{ ref('dec_rounding') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

caps as (

    select * from {{ ref('stg_policy_regulatory_cap') }}

),

concerned as (

    select
        accounts.account_key,
        packs.rounding_minor,
        caps.rule_id,
        caps.cap_minor,
        rounded.balanced_minor,
        rounded.grantable_minor,
        sum(rounded.balanced_minor) over customer_rule as customer_minor
    from accounts
    inner join rounded on accounts.account_key = rounded.account_key
    inner join packs on accounts.policy_version = packs.policy_version
    inner join caps
        on
            accounts.policy_version = caps.policy_version
            and caps.legal_entity_code in (accounts.legal_entity_code, '*')
            and caps.purpose_code in (accounts.purpose_code, '*')
            and caps.channel_code in (accounts.channel_code, '*')
    where accounts.is_open
    window customer_rule as (partition by accounts.customer_key, accounts.policy_version, caps.rule_id)

),

shared_out as (

    select
        account_key,
        rule_id,
        cap_minor,
        case
            when customer_minor <= cap_minor then least(cap_minor, greatest(balanced_minor, grantable_minor))
            else {{ int_div(int_div('cap_minor * balanced_minor', 'customer_minor'), 'rounding_minor') }} * rounding_minor
        end as share_minor
    from concerned

),

ranked as (

    select
        *,
        row_number() over (partition by account_key order by share_minor, rule_id) as tightness
    from shared_out

)

select
    account_key,
    rule_id,
    cap_minor,
    share_minor
from ranked
where tightness = 1
