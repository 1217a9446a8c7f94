{# A whole number of units, not above the value. #}
{% macro round_down(value, unit) -%}
    {{ int_div(value, unit) }} * {{ unit }}
{%- endmacro %}
