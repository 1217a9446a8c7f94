{# How many raises a climb back may take, and for how many nights a smoothed score is followed, at most. #}
{% macro recourse_raises() %}{{ return(13) }}{% endmacro %}
{% macro recourse_nights() %}{{ return(512) }}{% endmacro %}

{# Numbers below this many doublings reach all of those nights. #}
{% macro recourse_doublings() %}{{ return(9) }}{% endmacro %}
{% macro half(number) %}{{ int_div(number, '2') }}{% endmacro %}
{% macro is_odd(number) %}mod({{ number }}, 2) = 1{% endmacro %}

{# Shares of a gap are whole numbers of billionths. #}
{% macro billionths() %}1000000000{% endmacro %}

{# What is left of a gap after two stretches of nights, never less than it is: a product of shares, rounded up. #}
{% macro share_of_share(share, other) -%}
    -{{ int_div('-(' ~ share ~ ') * (' ~ other ~ ')', billionths()) }}
{%- endmacro %}

{# The first day from a day on that is one of the customer's slot (`slot_is_due`). #}
{% macro next_slot_day(day, customer_key, slot_days) -%}
    {%- set behind = '(' ~ days_between("date '1970-01-01'", day) ~ ' - ' ~ customer_key ~ ')' -%}
    {{ add_days(day, '-' ~ int_div('-' ~ behind, slot_days) ~ ' * ' ~ slot_days ~ ' - ' ~ behind) }}
{%- endmacro %}

{# What a bound on several accounts of a customer leaves of a value, at the least: this account's part of it if the others have
   the most that they can have, less the unit that sharing out may take. #}
{% macro min_share(value) -%}
    case
        when has_several_accounts and customer_max_minor > customer_bound_minor
            then
                least(
                    {{ value }},
                    {{ int_div(as_wide('customer_bound_minor') ~ ' * (' ~ value ~ ')', 'customer_max_minor + (' ~ value ~ ')') }}
                    - rounding_minor
                )
        else least({{ value }}, customer_bound_minor)
    end
{%- endmacro %}

{# What one raise of a climb asks for: the edge of the tolerance band, or one step if that is less (decision.md). #}
{% macro next_step(reached, edge) -%}
    least(
        {{ edge }},
        account_bound_minor,
        {{ reached }} + greatest(
            {{ int_div(reached ~ ' * raise_share_bp', '10000') }},
            least({{ int_div('reference_limit_minor * climb_share_bp', '10000') }}, reference_limit_minor - {{ reached }})
        )
    )
{%- endmacro %}

{# What a raise comes to, never below where it began. #}
{% macro raised(reached, edge) -%}
    greatest({{ reached }}, {{ round_down(min_share(next_step(reached, edge)), 'rounding_minor') }})
{%- endmacro %}
