{# Months since year 0: equal for two dates of one calendar month, one apart for neighbours. #}
{% macro month_number(day) -%}
    (extract(year from {{ day }}) * 12 + extract(month from {{ day }}))
{%- endmacro %}
