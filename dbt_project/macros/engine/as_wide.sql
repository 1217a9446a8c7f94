{# A whole number in the widest type, for products that leave BIGINT. #}
{% macro as_wide(number) -%}
    {{ return(adapter.dispatch('as_wide', 'creditline')(number)) }}
{%- endmacro %}

{% macro duckdb__as_wide(number) -%}
    cast({{ number }} as hugeint)
{%- endmacro %}

{% macro spark__as_wide(number) -%}
    cast({{ number }} as decimal(38, 0))
{%- endmacro %}
