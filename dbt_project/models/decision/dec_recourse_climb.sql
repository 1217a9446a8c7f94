-- Grain: one row an account to be answered tonight, set of actions and raise of the climb back: the least that the limit is
-- after it. Each raise goes on from the one before.

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
        min(own_target_minor) as own_target_minor,
        bool_or(coalesce(is_floored, false)) as is_floored,
        min(least_effect_bp) as least_effect_bp
        {%- for number in range(recourse_raises()) %},
        min(case when raise_number = {{ number }} then edge_minor end) as edge_{{ number }}
        {%- endfor %}
    from slots
    group by account_key, stops_applying, clears_related

),

-- until the first raise the limit falls at most to tonight's own target of the lowest score, or to what a trigger leaves
fallen as (

    select
        accounts.account_key,
        edges.stops_applying,
        edges.clears_related,
        accounts.reference_limit_minor,
        accounts.raise_share_bp,
        accounts.climb_share_bp,
        accounts.rounding_minor,
        accounts.account_bound_minor,
        accounts.customer_bound_minor,
        accounts.customer_most_minor,
        accounts.has_several_accounts,
        edges.is_floored,
        least(accounts.floor_minor, accounts.start_minor) as least_minor,
        {%- for number in range(recourse_raises()) %}
        edges.edge_{{ number }},
        {%- endfor %}
        least(
            accounts.start_minor,
            accounts.account_bound_minor,
            edges.own_target_minor,
            coalesce(
                {{ int_div('accounts.reference_limit_minor * edges.least_effect_bp', '10000') }}, accounts.start_minor
            )
        ) as fallen_minor
    from accounts
    inner join edges on accounts.account_key = edges.account_key

),

started as (

    select
        *,
        case
            when is_floored then least_minor
            else greatest(least_minor, {{ round_down(least_share('fallen_minor'), 'rounding_minor') }})
        end as reached_0
    from fallen

),
{% for number in range(recourse_raises()) %}
raised_{{ number }} as (

    select
        *,
        greatest(
            reached_{{ number }},
            {{ round_down(least_share(next_step('reached_' ~ number, 'edge_' ~ number)), 'rounding_minor') }}
        ) as reached_{{ number + 1 }}
    from {{ 'started' if number == 0 else 'raised_' ~ (number - 1) }}

),
{% endfor %}
reached as (
    {% for number in range(recourse_raises()) %}
    select
        account_key,
        stops_applying,
        clears_related,
        {{ number }} as raise_number,
        reached_{{ number + 1 }} as reached_minor
    from raised_{{ recourse_raises() - 1 }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    account_key,
    stops_applying,
    clears_related,
    raise_number,
    reached_minor
from reached
