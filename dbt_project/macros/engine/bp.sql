{# A share in whole basis points, rounded down; null where there is nothing to divide by. #}
{% macro bp(numerator, denominator) -%}
    {{ int_div('10000 * (' ~ numerator ~ ')', denominator) }}
{%- endmacro %}
