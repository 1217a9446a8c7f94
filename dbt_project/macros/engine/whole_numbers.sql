{# A relation with one BIGINT column `number`: 0, 1, ... below the count. #}
{% macro whole_numbers(count) -%}
    {{ return(adapter.dispatch('whole_numbers', 'creditline')(count)) }}
{%- endmacro %}

{% macro duckdb__whole_numbers(count) -%}
    select cast(range as bigint) as number from range({{ count }})
{%- endmacro %}

{% macro spark__whole_numbers(count) -%}
    select id as number from range({{ count }})
{%- endmacro %}
