-- Grain: one row an account of tonight's snapshot.
-- The floor is a credit outcome; rounding is downwards and never turns a raise into a cut; the limit stays above what
-- the customer already owes. An account without a line, a closed one and a void night keep the core's limit.

with

night as (

    select * from {{ ref('stg_night') }}

),

accounts as (

    select * from {{ ref('dec_account') }}

),

bounds as (

    select * from {{ ref('dec_bound') }}

),

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

floored as (

    select
        accounts.account_key,
        accounts.limit_minor,
        accounts.principal_minor,
        not accounts.is_open or accounts.reference_limit_minor = 0 or night.is_void as is_held,
        packs.rounding_minor,
        greatest(bounds.bounded_minor, packs.floor_minor) as floored_minor,
        greatest(bounds.grantable_minor, packs.floor_minor) as grantable_minor
    from accounts
    inner join bounds on accounts.account_key = bounds.account_key
    inner join packs on accounts.policy_version = packs.policy_version
    cross join night

),

rounded as (

    select
        account_key,
        limit_minor,
        is_held,
        {{ int_div('floored_minor', 'rounding_minor') }} * rounding_minor as rounded_down_minor,
        floored_minor,
        {{ int_div('grantable_minor', 'rounding_minor') }} * rounding_minor as grantable_minor,
        -- What the customer owes, rounded up, is the least a limit may be without calling for repayment.
        least(limit_minor, -{{ int_div('-principal_minor', 'rounding_minor') }} * rounding_minor) as owed_minor
    from floored

)

select
    account_key,
    is_held,
    floored_minor,
    case
        when is_held or floored_minor = limit_minor then limit_minor
        when floored_minor > limit_minor then greatest(limit_minor, rounded_down_minor)
        else rounded_down_minor
    end as rounded_minor,
    case
        when is_held or floored_minor = limit_minor then limit_minor
        when floored_minor > limit_minor then greatest(limit_minor, rounded_down_minor)
        else greatest(rounded_down_minor, owed_minor)
    end as balanced_minor,
    grantable_minor
from rounded
