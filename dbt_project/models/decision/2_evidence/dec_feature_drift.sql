-- Grain: one row a policy version and scored feature that the same version counted tonight and on the last night. It
-- says how far the shares of the feature's bins moved overnight (total variation, in whole numbers). A move larger than
-- a book can make is a fault of the data pipeline, so the feature is distrusted tonight. A feature for which nobody had
-- a value the night before is not compared: its window has just filled, or its source has come back.

{{ config(materialized='table') }}

with

packs as (

    select * from {{ ref('stg_policy_pack') }}

),

sides as (

    select policy_version, feature, lower_value, customer_count as count_now, 0 as count_before
    from {{ ref('dec_feature_share') }}

    union all

    select policy_version, feature, lower_value, 0 as count_now, customer_count as count_before
    from {{ ref('stg_feature_share_state') }}

),

bins as (

    select
        policy_version,
        feature,
        lower_value,
        sum(count_now) as count_now,
        sum(count_before) as count_before
    from sides
    group by policy_version, feature, lower_value

),

totals as (

    select
        *,
        sum(count_now) over (partition by policy_version, feature) as total_now,
        sum(count_before) over (partition by policy_version, feature) as total_before,
        sum(case when lower_value <> {{ missing_marker() }} then count_before else 0 end)
            over (partition by policy_version, feature) as known_before
    from bins

),

moved as (

    select
        policy_version,
        feature,
        max(total_now) as total_now,
        max(total_before) as total_before,
        -- what the growing bins won, which is what the others lost; divided by both totals, it is the total variation
        -- of the shares
        sum(greatest({{ as_wide('count_now') }} * total_before - {{ as_wide('count_before') }} * total_now, 0)) as moved
    from totals
    where total_now > 0 and known_before > 0
    group by policy_version, feature

),

measured as (

    select
        moved.policy_version,
        moved.feature,
        moved.total_now,
        moved.total_before,
        {{ int_div('moved.moved * 10000', as_wide('moved.total_now') ~ ' * moved.total_before') }} as variation_bp,
        packs.max_variation_bp,
        packs.min_customers
    from moved
    inner join packs on moved.policy_version = packs.policy_version

)

select
    policy_version,
    feature,
    cast(total_now as bigint) as customer_count,
    variation_bp,
    variation_bp > max_variation_bp
    and total_now >= min_customers
    and total_before >= min_customers as is_distrusted
from measured
