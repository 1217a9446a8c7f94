-- Grain: one row an account of tonight's snapshot and policy pack: the row of dec_protection with the first upper
-- bounds of the limit: product tier, no raise. The raise budget, which depends on what all customers want, and the
-- income of the customer come later.

with

protected as (

    select * from {{ ref('dec_protection') }}

),

tiers as (

    select * from {{ ref('stg_policy_product_tier') }}

),

tiered as (

    select
        protected.*,
        tiers.max_limit_minor as tier_bound_minor,
        tiers.min_draw_minor,
        tiers.income_multiple_bp,
        -- an account without a tier is not raised: a missing parameter fails closed
        (protected.is_raise_barred or tiers.product_code is null) and not protected.is_overridden
            as is_raise_forbidden,
        case when not protected.is_overridden then protected.open_restated_minor end as restated_limit_minor,
        case
            when protected.is_overridden then null
            -- if tonight's limit is protected from a cut, so is the restated limit that is still open
            when protected.protection_code is not null then protected.open_restated_minor
            else least(protected.open_restated_minor, protected.open_restated_strategy_minor)
        end as to_give_back_minor,
        case
            when protected.keeps_limit then protected.limit_minor
            else least(protected.strategy_minor, coalesce(tiers.max_limit_minor, protected.strategy_minor))
        end as tiered_minor
    from protected
    left join tiers
        on protected.policy_version = tiers.policy_version and protected.product_code = tiers.product_code

)

select
    *,
    case when to_give_back_minor is not null then least(to_give_back_minor, coalesce(tier_bound_minor, to_give_back_minor)) end as given_back_minor,
    case
        -- to give back what a bad row took is not a raise
        when is_raise_forbidden and not keeps_limit then least(tiered_minor, coalesce(restored_minor, limit_minor))
        else tiered_minor
    end as permitted_minor
from tiered
