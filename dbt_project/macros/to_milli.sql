{# A score in milli-points: confirmed scores are smoothed, so they are kept to the thousandth of a point. #}
{% macro to_milli(score) -%}
    1000 * ({{ score }})
{%- endmacro %}
