{# An amount in major units, DECIMAL(18, 2), as BIGINT minor units. #}
{% macro to_minor(amount) -%}
    cast(cast({{ amount }} as decimal(18, 2)) * 100 as bigint)
{%- endmacro %}
