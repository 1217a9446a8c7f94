-- Grain: one row a customer to be answered tonight, policy pack, set of actions and day from which the score has at
-- least the given points. The first row has what the score may fall to meanwhile. Each feature that is at its best
-- again adds to it.

{{ config(materialized='table') }}

with

variants as (

    select * from {{ ref('dec_recourse_variant') }}

),

features as (

    select * from {{ ref('dec_recourse_feature') }}

),

customers as (

    select distinct
        customer_key,
        policy_version,
        business_date,
        point_sum,
        score_min,
        score_max
    from {{ ref('dec_recourse_account') }}

),

-- a feature on which the customer does not act is assumed to cost no more than tonight
acted_on as (

    select
        variants.customer_key,
        variants.policy_version,
        variants.stops_applying,
        variants.clears_related,
        customers.business_date,
        features.rest_date,
        features.is_at_rest,
        features.meanwhile_points - features.points_tonight as change_meanwhile,
        greatest(features.rest_points - features.meanwhile_points, 0) as gain
    from variants
    inner join customers
        on variants.customer_key = customers.customer_key and variants.policy_version = customers.policy_version
    inner join features
        on variants.customer_key = features.customer_key and variants.policy_version = features.policy_version
    where
        features.action in ('PAY_PAST_DUE', 'PAY_ON_TIME')
        or (features.action = 'STOP_APPLYING' and variants.stops_applying)
        or (features.action = 'CLEAR_RELATED' and variants.clears_related)

),

changes as (

    select
        customer_key,
        policy_version,
        stops_applying,
        clears_related,
        {{ add_days('business_date', 1) }} as from_date,
        change_meanwhile as change
    from acted_on

    union all

    select
        customer_key,
        policy_version,
        stops_applying,
        clears_related,
        greatest(rest_date, {{ add_days('business_date', 1) }}) as from_date,
        gain as change
    from acted_on
    where not is_at_rest and gain > 0

),

daily as (

    select
        customer_key,
        policy_version,
        stops_applying,
        clears_related,
        from_date,
        sum(change) as change
    from changes
    group by customer_key, policy_version, stops_applying, clears_related, from_date

),

summed as (

    select
        *,
        sum(change) over (
            partition by customer_key, policy_version, stops_applying, clears_related
            order by from_date rows between unbounded preceding and current row
        ) as change_so_far
    from daily

)

select
    summed.customer_key,
    summed.policy_version,
    summed.stops_applying,
    summed.clears_related,
    summed.from_date,
    cast(
        least(customers.score_max, greatest(customers.score_min, customers.point_sum + summed.change_so_far)) as bigint
    ) as score,
    row_number() over (
        partition by summed.customer_key, summed.policy_version, summed.stops_applying, summed.clears_related
        order by summed.from_date
    ) as stage_number
from summed
inner join customers
    on summed.customer_key = customers.customer_key and summed.policy_version = customers.policy_version
