-- Grain: one row an account to be answered tonight, set of actions and raise of the climb back: the lowest limit that
-- it can have after the raise. Each raise starts from the one before.

{{ config(materialized='table') }}

with

accounts as (

    select * from {{ ref('dec_recourse_account') }}

),

slots as (

    select * from {{ ref('dec_recourse_slot') }}

),

edges as (

    select
        account_key,
        stops_applying,
        clears_related,
        min(tonight_target_minor) as tonight_target_minor,
        bool_or(coalesce(is_floored, false)) as is_floored,
        min(min_effect_bp) as min_effect_bp,
        {{ values_in_order('raise_number', 'edge_minor') }} as edges_minor
    from slots
    group by account_key, stops_applying, clears_related

),

-- until the first raise the limit falls at most to tonight's target for the lowest score, or to a trigger's bound
fallen as (

    select
        accounts.*,
        edges.stops_applying,
        edges.clears_related,
        edges.is_floored,
        edges.edges_minor,
        least(accounts.floor_minor, accounts.start_minor) as min_minor,
        least(
            accounts.start_minor,
            accounts.account_bound_minor,
            edges.tonight_target_minor,
            coalesce(
                {{ int_div('accounts.reference_limit_minor * edges.min_effect_bp', '10000') }}, accounts.start_minor
            )
        ) as fallen_minor
    from accounts
    inner join edges on accounts.account_key = edges.account_key

),

started as (

    select
        *,
        case
            when is_floored then min_minor
            else greatest(min_minor, {{ round_down(min_share('fallen_minor'), 'rounding_minor') }})
        end as started_minor
    from fallen

),

climbed as (

    select
        account_key,
        stops_applying,
        clears_related,
        {{ path_of('started_minor', 'edges_minor', raised) }} as reached_minor
    from started

)

select
    climbed.account_key,
    climbed.stops_applying,
    climbed.clears_related,
    slots.raise_number,
    -- the start is the first entry, and the first raise has the number 0
    {{ value_at('climbed.reached_minor', 'slots.raise_number + 2') }} as reached_minor
from climbed
inner join slots
    on
        climbed.account_key = slots.account_key
        and climbed.stops_applying = slots.stops_applying
        and climbed.clears_related = slots.clears_related
