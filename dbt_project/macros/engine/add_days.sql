{# The date so many days later (earlier where negative). #}
{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'creditline')(day, days)) }}
{%- endmacro %}

{% macro duckdb__add_days(day, days) -%}
    cast({{ day }} + cast({{ days }} as integer) as date)
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as int))
{%- endmacro %}
