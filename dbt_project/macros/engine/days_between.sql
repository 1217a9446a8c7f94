{# Whole days from one date to another. #}
{% macro days_between(from_day, to_day) -%}
    {{ return(adapter.dispatch('days_between', 'creditline')(from_day, to_day)) }}
{%- endmacro %}

{% macro duckdb__days_between(from_day, to_day) -%}
    cast({{ to_day }} - {{ from_day }} as bigint)
{%- endmacro %}

{% macro spark__days_between(from_day, to_day) -%}
    cast(datediff({{ to_day }}, {{ from_day }}) as bigint)
{%- endmacro %}
