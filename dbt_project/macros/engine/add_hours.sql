{# The timestamp so many hours later. #}
{% macro add_hours(moment, hours) -%}
    {{ return(adapter.dispatch('add_hours', 'creditline')(moment, hours)) }}
{%- endmacro %}

{% macro duckdb__add_hours(moment, hours) -%}
    ({{ moment }} + to_hours(cast({{ hours }} as integer)))
{%- endmacro %}

{% macro spark__add_hours(moment, hours) -%}
    timestampadd(hour, cast({{ hours }} as int), {{ moment }})
{%- endmacro %}
